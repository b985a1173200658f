import { useEffect, useLayoutEffect, useRef, useState } from 'react';
import type { KeyboardEvent, ReactElement } from 'react';
import { useTranslator } from '../context';
import type { StringKey } from '../../i18n/strings';
import { CopyIcon, PenIcon, ReplyIcon, TrashIcon } from './icons';

export type MenuItem = 'reply' | 'copy' | 'edit' | 'delete';
const ICONS: Readonly<Record<MenuItem, () => ReactElement>> = {
  reply: ReplyIcon, copy: CopyIcon, edit: PenIcon, delete: TrashIcon,
};
const GAP_PX = 4;

/** What can be done with one message, beside the button that opened it. Arrows, Home, End, Escape. */
export function MessageMenu(props: {
  items: readonly MenuItem[]; anchor: HTMLElement; onPick(item: MenuItem): void; onClose(): void;
}): ReactElement {
  const { items, anchor, onPick, onClose } = props;
  const { t } = useTranslator();
  const menu = useRef<HTMLDivElement>(null);
  const [place, setPlace] = useState<{ top: number; left: number } | null>(null);

  // Below the button, or above it where there is no room; never out of the chat.
  useLayoutEffect(() => {
    const element = menu.current;
    const ground = element?.parentElement?.getBoundingClientRect();
    if (element === null || ground === undefined) return;
    const [from, size] = [anchor.getBoundingClientRect(), element.getBoundingClientRect()];
    const below = from.bottom + GAP_PX;
    const top = below + size.height > ground.bottom ? Math.max(ground.top, from.top - GAP_PX - size.height) : below;
    const left = Math.min(Math.max(ground.left + GAP_PX, from.right - size.width), ground.right - size.width - GAP_PX);
    setPlace({ top: top - ground.top, left: left - ground.left });
    element.querySelector<HTMLElement>('[role="menuitem"]')?.focus({ preventScroll: true });
  }, [anchor]);
  useEffect(() => {
    const outside = (event: Event): void => {
      if (!menu.current?.contains(event.target as Node)) onClose();
    };
    document.addEventListener('pointerdown', outside);
    window.addEventListener('blur', onClose);
    return () => {
      document.removeEventListener('pointerdown', outside);
      window.removeEventListener('blur', onClose);
    };
  }, [onClose]);

  const onKeyDown = (event: KeyboardEvent): void => {
    const all = [...(menu.current?.querySelectorAll<HTMLElement>('[role="menuitem"]') ?? [])];
    const at = all.indexOf(document.activeElement as HTMLElement);
    const next = { ArrowDown: at + 1, ArrowUp: at - 1 + all.length, Home: 0, End: all.length - 1 }[event.key];
    if (event.key === 'Escape' || event.key === 'Tab') onClose();
    else if (next !== undefined) all[next % all.length]?.focus();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div
      ref={menu} className="chat-menu" role="menu" tabIndex={-1} aria-label={t('menu.open')} onKeyDown={onKeyDown}
      style={place ?? { visibility: 'hidden' }}
    >
      {items.map((item) => {
        const Icon = ICONS[item];
        return (
          <button key={item} type="button" role="menuitem" tabIndex={-1} data-item={item} onClick={() => onPick(item)}>
            <Icon />{t(`menu.${item}` as StringKey)}
          </button>
        );
      })}
    </div>
  );
}
