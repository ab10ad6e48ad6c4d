import type { LearntNotes } from './learnt-notes.ts';

/** The notes of a single process. @param now epoch ms, the same as the budget log's */
export function memoryLearntNotes(now: () => number): LearntNotes {
  const suppliers = new Map<string, Map<string, string>>();
  return {
    read: async (supplier) => ({ at: Math.floor(now()), texts: new Map(suppliers.get(supplier)) }),
    async replace(supplier, field, before, after) {
      const texts = suppliers.get(supplier) ?? new Map<string, string>();
      suppliers.set(supplier, texts);
      if ((texts.get(field) ?? null) !== before) return false;
      if (after === null) texts.delete(field);
      else texts.set(field, after);
      return true;
    },
  };
}
