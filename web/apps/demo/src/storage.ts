/** What the browser keeps for us. It may be forbidden or full: then nothing is kept, and nothing breaks. */
type Area = 'localStorage' | 'sessionStorage';

export function recall(area: Area, key: string): string | null {
  try {
    return window[area].getItem(key);
  } catch {
    return null;
  }
}

/** null forgets. */
export function keep(area: Area, key: string, value: string | null): void {
  try {
    if (value === null) window[area].removeItem(key);
    else window[area].setItem(key, value);
  } catch {
    // The next visit starts anew.
  }
}
