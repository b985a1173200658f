/** Icons that only the extras draw: a shared file would be loaded first. */
import type { ReactElement } from 'react';
import { icon } from '../components/icons';

export const ArrowLeftIcon: () => ReactElement = icon('M16 10H4m0 0 5-5m-5 5 5 5');
export const ReplyIcon: () => ReactElement = icon('M8 5 3.5 9.5 8 14M4 9.5h7.5a5 5 0 0 1 5 5v1');
export const PenIcon: () => ReactElement = icon('m4 16 .8-3.4L13.4 4a1.4 1.4 0 0 1 2 0l.6.6a1.4 1.4 0 0 1 0 2L7.4 15.2 4 16Z');
export const CopyIcon: () => ReactElement = icon('M7 7h9v9.5H7zM13 7V3.5H4V13h3');
export const TrashIcon: () => ReactElement = icon('M4 6h12M8 6V4h4v2m-6 0 .7 10.5h6.6L14 6M8.5 9v4.5m3-4.5v4.5');
export const RetryIcon: () => ReactElement = icon('M15.8 8A6.2 6.2 0 1 0 16 12M16 4v4h-4');
