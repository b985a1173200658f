/** A typed set of listeners per event; a listener that throws does not silence the others. */
export class Emitter<Events extends object> {
  readonly #listeners: Map<keyof Events, Set<(value: never) => void>> = new Map();

  on<Name extends keyof Events>(name: Name, listener: (value: Events[Name]) => void): () => void {
    let set = this.#listeners.get(name);
    if (set === undefined) this.#listeners.set(name, (set = new Set()));
    const entry = (value: Events[Name]): void => listener(value);
    set.add(entry);
    return () => {
      set.delete(entry);
    };
  }

  emit<Name extends keyof Events>(name: Name, value: Events[Name]): void {
    for (const listener of [...(this.#listeners.get(name) ?? [])] as ((value: Events[Name]) => void)[]) {
      try {
        listener(value);
      } catch (error) {
        reportError(error);
      }
    }
  }
}

/** A consumer's fault, shown as the browser would show it, outside of our own flow. */
export function reportError(error: unknown): void {
  setTimeout(() => {
    throw error;
  });
}
