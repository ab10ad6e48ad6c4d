/** Callers of one process that wait for the same permits: first come, first served; only the head asks the budget. */
export interface WaitingLine {
  /** @returns null where the line is full */
  join(key: string): Place | null;
  /** How many stand in each line now, the head counted; without those that are empty. */
  lengths(): ReadonlyMap<string, number>;
}

export interface Place {
  /** Resolves when it is the head. */
  readonly turn: Promise<void>;
  /** To be called once, in the end. */
  leave(): void;
}

/** @param atMost waiters for one key */
export function createWaitingLine(atMost: number): WaitingLine {
  const lines = new Map<string, { readonly call: () => void }[]>();
  return {
    join(key) {
      const line = lines.get(key) ?? [];
      if (line.length >= atMost) return null;
      let call = (): void => undefined;
      const turn = new Promise<void>((resolve) => (call = resolve));
      const waiter = { call };
      line.push(waiter);
      lines.set(key, line);
      line[0]?.call();
      return {
        turn,
        leave: () => {
          const index = line.indexOf(waiter);
          if (index >= 0) line.splice(index, 1);
          if (line.length === 0) lines.delete(key);
          else line[0]?.call();
        },
      };
    },
    lengths: () => new Map([...lines].map(([key, line]) => [key, line.length])),
  };
}
