import type { ReactElement, ReactNode } from 'react';
import { navigate } from '../router';

/** An address of this application: followed without loading the page, unless one wants a new tab. */
export function Link(props: {
  to: string; current?: boolean; className?: string; unread?: boolean; dispute?: boolean; children: ReactNode;
}): ReactElement {
  const { to, current = false, className, unread, dispute, children } = props;
  return (
    <a
      href={to} className={className} aria-current={current ? 'page' : undefined} data-unread={unread} data-dispute={dispute}
      onClick={(event) => {
        if (event.metaKey || event.ctrlKey || event.shiftKey) return;
        event.preventDefault();
        navigate(to);
      }}
    >
      {children}
    </a>
  );
}
