/**
 * The seam between the list and the way it scrolls. The virtual viewport is for browsers; the plain one draws every
 * row, for environments without layout (unit tests, printing).
 */
import { useVirtualizer } from '@tanstack/react-virtual';
import type { Virtualizer } from '@tanstack/react-virtual';
import { createContext, useCallback, useEffect, useImperativeHandle, useLayoutEffect, useRef, useState } from 'react';
import type { ComponentType, ReactElement, ReactNode, Ref } from 'react';

export interface ViewportRow {
  readonly key: string;
  /** "top" and "day" stand above the first message, whichever that is at the time. */
  readonly kind?: string;
}
export interface ViewportHandle {
  toEnd(): void;
  /** Brings a row into the middle. */
  toRow(index: number): void;
  isAtEnd(): boolean;
}
export interface ViewportProps {
  rows: readonly ViewportRow[];
  render(index: number): ReactNode;
  estimate(index: number): number;
  label: string;
  /** Row to start at, or to go to when it comes later and the end is shown; null starts at the end. */
  startAt: number | null;
  onNearTop(): void;
  onAtEnd(atEnd: boolean): void;
  handle: Ref<ViewportHandle>;
}

/** Closer to the end than this counts as "at the bottom", in pixels. */
const END_THRESHOLD_PX = 48;
/** Closer to the start than this, the next page is asked for. */
const NEAR_TOP_PX = 400;
const OVERSCAN_ROWS = 6;
/** What a reader scrolls with. */
const HAND = ['wheel', 'touchstart', 'pointerdown', 'keydown'] as const;

export function VirtualViewport(props: ViewportProps): ReactElement {
  const { rows, render, estimate, label, startAt, onNearTop, onAtEnd, handle } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const [started, setStarted] = useState(false);
  // The virtualizer keeps its own mutable state; it lives in this component alone.
  // oxlint-disable-next-line react-hooks-js/incompatible-library
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: estimate,
    getItemKey: (index) => rows[index]!.key,
    anchorTo: 'end',
    followOnAppend: true,
    scrollEndThreshold: END_THRESHOLD_PX,
    overscan: OVERSCAN_ROWS,
  });
  useSteadyAnchor(virtual, rows);
  const items = virtual.getVirtualItems();

  // At the bottom, and to stay there whatever changes its size: only the reader's own hand leads away from it.
  const stuck = useRef(startAt === null);
  const byHand = useRef(false);
  const stick = useCallback(() => {
    stuck.current = true;
    byHand.current = false;
    virtual.scrollToEnd();
  }, [virtual]);

  useImperativeHandle(handle, () => ({
    toEnd: stick,
    toRow: (index) => {
      stuck.current = false;
      virtual.scrollToIndex(index, { align: 'center' });
    },
    isAtEnd: () => virtual.isAtEnd(END_THRESHOLD_PX),
  }), [virtual, stick]);

  const placed = useRef(false);
  useLayoutEffect(() => {
    if (rows.length === 0 || (started && (placed.current || startAt === null))) return;
    setStarted(true);
    placed.current = startAt !== null;
    if (startAt === null) return virtual.scrollToEnd();
    if (started && !stuck.current) return;
    stuck.current = false;
    virtual.scrollToIndex(startAt, { align: 'start' });
  }, [started, rows.length, startAt, virtual]);

  // A growing composer, a phone's keyboard, a turned screen or a late row must not push the end out of sight.
  const total = virtual.getTotalSize();
  useEffect(() => {
    const element = scroller.current;
    if (element === null || !started) return;
    const observer = new ResizeObserver(() => {
      if (stuck.current) stick();
    });
    observer.observe(element);
    const hand = (): void => {
      byHand.current = true;
    };
    for (const event of HAND) element.addEventListener(event, hand, { passive: true });
    return () => {
      observer.disconnect();
      for (const event of HAND) element.removeEventListener(event, hand);
    };
  }, [started, stick]);
  useEffect(() => {
    const element = scroller.current;
    if (element === null || !started) return;
    const distance = (): number => element.scrollHeight - element.scrollTop - element.clientHeight;
    const tell = (): void => {
      if (distance() <= END_THRESHOLD_PX) stuck.current = true;
      else if (byHand.current) stuck.current = false;
      onAtEnd(stuck.current);
      if (element.scrollTop < NEAR_TOP_PX) onNearTop();
    };
    if (stuck.current && distance() > END_THRESHOLD_PX) stick();
    tell();
    element.addEventListener('scroll', tell, { passive: true });
    return () => element.removeEventListener('scroll', tell);
  }, [started, total, onAtEnd, onNearTop, stick]);

  return (
    // A scrolling region must be reachable by keyboard.
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <div ref={scroller} className="chat-viewport" role="region" aria-label={label} tabIndex={0}>
      <div className="chat-viewport-fill">
        <ol className="chat-rows" style={{ height: total }}>
          {items.map((item) => (
            <li
              key={item.key}
              ref={virtual.measureElement}
              data-index={item.index}
              className="chat-row"
              aria-posinset={item.index + 1}
              aria-setsize={rows.length}
              style={{ transform: `translateY(${item.start}px)` }}
            >
              {render(item.index)}
            </li>
          ))}
        </ol>
      </div>
    </div>
  );
}

/**
 * What has to stay in its place when a page comes in above is a message. The library takes the row at the upper edge;
 * at the very top that is "loading…" or the day, which are first in the list before and after.
 */
function useSteadyAnchor(virtual: Virtualizer<HTMLDivElement, Element>, rows: readonly ViewportRow[]): void {
  const shown = useRef(rows);
  useLayoutEffect(() => {
    shown.current = rows;
  });
  /* oxlint-disable react-hooks-js/immutability -- the virtualizer is no state of React's, and has no option for this. */
  useLayoutEffect(() => {
    const plain = virtual.getVirtualItemForOffset;
    virtual.getVirtualItemForOffset = (offset) => {
      let found = plain(offset);
      while (found !== undefined && /^(top|day)$/.test(shown.current[found.index]?.kind ?? '')) {
        const below = plain(found.end + 1);
        if (below === undefined || below.index <= found.index) break;
        found = below;
      }
      return found;
    };
    return () => {
      virtual.getVirtualItemForOffset = plain;
    };
  }, [virtual]);
  /* oxlint-enable react-hooks-js/immutability */
}

export function PlainViewport(props: ViewportProps): ReactElement {
  const { rows, render, label, onAtEnd, handle } = props;
  useImperativeHandle(handle, () => ({ toEnd: () => {}, toRow: () => {}, isAtEnd: () => true }), []);
  useEffect(() => onAtEnd(true), [onAtEnd]);
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <div className="chat-viewport" role="region" aria-label={label} tabIndex={0}>
      <ol className="chat-rows" data-plain="true">
        {rows.map((row, index) => <li key={row.key} className="chat-row">{render(index)}</li>)}
      </ol>
    </div>
  );
}

export const ViewportContext: React.Context<ComponentType<ViewportProps>> = createContext(
  VirtualViewport as ComponentType<ViewportProps>,
);
