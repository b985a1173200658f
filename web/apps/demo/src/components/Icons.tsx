/** Icons of the demo, in the manner of those of the package: decoration, the name stands in words. */
import type { ReactElement } from 'react';

function icon(path: string): () => ReactElement {
  return function Icon() {
    return (
      <svg className="icon" viewBox="0 0 20 20" aria-hidden="true" focusable="false">
        <path d={path} fill="none" stroke="currentColor" strokeWidth="1.6" strokeLinecap="round" strokeLinejoin="round" />
      </svg>
    );
  };
}
export const BackIcon = icon('M16 10H4m0 0 5-5m-5 5 5 5');
export const PlusIcon = icon('M10 4v12M4 10h12');
export const SearchIcon = icon('M9 3.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11ZM13 13l4 4');
export const WindowIcon = icon('M8 4H5a1 1 0 0 0-1 1v10a1 1 0 0 0 1 1h10a1 1 0 0 0 1-1v-3M11 4h5v5M16 4l-7 7');
export const MoreIcon = icon('M4 6h12M4 10h12M4 14h12');
export const CloseIcon = icon('m5 5 10 10M15 5 5 15');
export const ChevronIcon = icon('m8 5 5 5-5 5');
export const ArrowIcon = icon('M4 10h12m0 0-5-5m5 5-5 5');

export function Logo(): ReactElement {
  return <img className="logo" src="/favicon.svg" alt="" width="32" height="32" />;
}
