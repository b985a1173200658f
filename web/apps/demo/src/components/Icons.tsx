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
export const BellIcon = icon('M10 3a4.5 4.5 0 0 1 4.5 4.5c0 4 1.5 5 1.5 5H4s1.5-1 1.5-5A4.5 4.5 0 0 1 10 3Zm-1.5 12.5a1.6 1.6 0 0 0 3 0');
export const QueueIcon = icon('M10 3.5v13M6 16.5h8M4 6h12M4 6l-2 5.5h4L4 6Zm12 0-2 5.5h4L16 6Z');
export const PulseIcon = icon('M2.5 10.5h3.5l2-6 4 11 2-5h3.5');
export const FlaskIcon = icon('M8 3h4M8.5 3v5L4 15.5A1 1 0 0 0 4.9 17h10.2a1 1 0 0 0 .9-1.5L11.5 8V3M6.5 12.5h7');
