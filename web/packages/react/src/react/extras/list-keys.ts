/**
 * Keys of the history: Enter on it goes to the last message in sight, arrows go from message to message, Enter or the
 * menu key opens what can be done with one, Escape returns. Gives its undo.
 */
export function installListKeys(element: HTMLElement, openMenu: (message: HTMLElement) => void): () => void {
  const onKeyDown = (event: KeyboardEvent): void => {
    const at = event.target;
    if (!(at instanceof HTMLElement) || event.altKey || event.ctrlKey || event.metaKey) return;
    const viewport = at.closest<HTMLElement>('.chat-viewport');
    if (viewport === null) return;
    const all = [...viewport.querySelectorAll<HTMLElement>('article')];
    if (at === viewport) {
      if (event.key !== 'Enter') return;
      const ground = viewport.getBoundingClientRect();
      (all.findLast((one) => one.getBoundingClientRect().top < ground.bottom - 8) ?? all.at(-1))?.focus();
    } else if (at.tagName === 'ARTICLE') {
      const here = all.indexOf(at);
      if (event.key === 'ArrowUp' || event.key === 'ArrowDown') all[here + (event.key === 'ArrowUp' ? -1 : 1)]?.focus();
      else if (event.key === 'Escape') viewport.focus();
      else if (event.key === 'Enter' || event.key === 'ContextMenu' || (event.key === 'F10' && event.shiftKey)) openMenu(at);
      else return;
    } else {
      return;
    }
    event.preventDefault();
  };
  element.addEventListener('keydown', onKeyDown);
  return () => element.removeEventListener('keydown', onKeyDown);
}
