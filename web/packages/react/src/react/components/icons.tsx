/** Own icons, 20 × 20, drawn with the text colour. They are decoration: whoever uses one says its name in words. */
import type { ReactElement } from 'react';

export function icon(path: string, filled = false): () => ReactElement {
  return function Icon() {
    return (
      <svg className="chat-icon" viewBox="0 0 20 20" aria-hidden="true" focusable="false">
        <path
          d={path}
          fill={filled ? 'currentColor' : 'none'}
          stroke={filled ? 'none' : 'currentColor'}
          strokeWidth="1.6"
          strokeLinecap="round"
          strokeLinejoin="round"
        />
      </svg>
    );
  };
}

export const SendIcon: () => ReactElement = icon('M3.2 3.4 17.4 10 3.2 16.6l2-6.6-2-6.6Zm2 6.6h6');
export const ClockIcon: () => ReactElement = icon('M10 3.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13Zm0 3V10l2.4 1.6');
export const CheckIcon: () => ReactElement = icon('m5 10.6 3.2 3.2L15.4 6.4');
export const ChecksIcon: () => ReactElement = icon('m2 10.8 3 3 6.8-7.2M9.4 13l.9.9 7.2-7.4');
export const AlertIcon: () => ReactElement = icon('M10 3.4a6.6 6.6 0 1 0 0 13.2 6.6 6.6 0 0 0 0-13.2Zm0 3.4v4m0 2.4v.1');
export const ArrowDownIcon: () => ReactElement = icon('M10 4v12m0 0 4.6-4.6M10 16l-4.6-4.6');
export const ChatIcon: () => ReactElement = icon('M4 4.5h12a1.5 1.5 0 0 1 1.5 1.5v6.5A1.5 1.5 0 0 1 16 14H9l-4 3v-3H4a1.5 1.5 0 0 1-1.5-1.5V6A1.5 1.5 0 0 1 4 4.5Z');
export const LockIcon: () => ReactElement = icon('M5.5 9V7a4.5 4.5 0 0 1 9 0v2M4.8 9h10.4c.5 0 .8.3.8.8v6c0 .5-.3.8-.8.8H4.8a.8.8 0 0 1-.8-.8v-6c0-.5.3-.8.8-.8Z');
export const FileIcon: () => ReactElement = icon('M5 3h6l4 4v9.2c0 .5-.3.8-.8.8H5.8a.8.8 0 0 1-.8-.8V3Zm6 0v4h4');
export const FlagIcon: () => ReactElement = icon('M5 17V3.5M5 4h9.5l-2 3.5 2 3.5H5');
export const ScalesIcon: () => ReactElement = icon('M10 3.5v13M6 16.5h8M4 6h12M4 6l-2 5.5h4L4 6Zm12 0-2 5.5h4L16 6Z');
export const MoreIcon: () => ReactElement = icon('M10 4.6v.1M10 10v.1M10 15.4v.1');
export const ClipIcon: () => ReactElement = icon('m15.6 9.4-5.8 5.8a3.6 3.6 0 0 1-5-5l6.3-6.4a2.4 2.4 0 0 1 3.4 3.4l-6.3 6.3a1.2 1.2 0 0 1-1.7-1.7l5.6-5.6');
export const CloseIcon: () => ReactElement = icon('m5 5 10 10M15 5 5 15');
export const DownloadIcon: () => ReactElement = icon('M10 3.5v9m0 0 3.8-3.8M10 12.5 6.2 8.7M4 16.5h12');
export const BellIcon: () => ReactElement = icon('M10 3a4.5 4.5 0 0 1 4.5 4.5c0 4 1.5 5 1.5 5H4s1.5-1 1.5-5A4.5 4.5 0 0 1 10 3Zm-1.5 12.5a1.6 1.6 0 0 0 3 0');
