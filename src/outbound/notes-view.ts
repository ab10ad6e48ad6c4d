import type { Logger } from 'pino';
import type { LearntNotes } from '../redis/learnt-notes.ts';
import { isInForce, learntAt } from './learnt.ts';
import { NOTHING_LEARNT, type Learnt } from './windows.ts';

/** This process's view of what all processes know of their suppliers, never much older than a second. */
export interface NotesView {
  /** Reads the notes anew where the view is too old. Never rejects: who cannot be told keeps to what is known. */
  refresh(supplier: string): Promise<void>;
  /** What is in force now, by the view. */
  learnt(supplier: string): Learnt;
  text(supplier: string, field: string): string | null;
  /** Epoch ms on the budget's clock; 0 where nothing was read yet. */
  now(supplier: string): number;
  /**
   * Changes one note, whoever else does at the same time.
   * @param change the new text from the old one; null leaves it, '' takes it out
   * @returns the new text; null where it was left as it is
   */
  change(
    supplier: string,
    field: string,
    change: (before: string | null, at: number) => string | null,
  ): Promise<string | null>;
}

export interface NotesViewParts {
  readonly notes: LearntNotes;
  readonly monotonic: () => number;
  readonly log: Logger;
}

const FRESH_FOR_MS = 1_000;
/** Writers at the same instant; whoever loses so often leaves it to the others. */
const TRIES = 5;

interface Seen {
  readonly at: number;
  readonly seenAt: number;
  readonly texts: ReadonlyMap<string, string>;
}

export function createNotesView({ notes, monotonic, log }: NotesViewParts): NotesView {
  const seen = new Map<string, Seen>();
  const reading = new Map<string, Promise<void>>();
  /** Also after a failure: a store that is away is asked once a second. */
  const triedAt = new Map<string, number>();

  const read = async (supplier: string): Promise<Seen> => {
    const { at, texts } = await notes.read(supplier);
    const fresh = { at, seenAt: monotonic(), texts };
    seen.set(supplier, fresh);
    return fresh;
  };
  const now = (supplier: string): number => {
    const last = seen.get(supplier);
    return last === undefined ? 0 : last.at + monotonic() - last.seenAt;
  };
  return {
    async refresh(supplier) {
      const underWay = reading.get(supplier);
      if (underWay !== undefined) return underWay;
      const tried = triedAt.get(supplier);
      if (tried !== undefined && monotonic() - tried < FRESH_FOR_MS) return;
      triedAt.set(supplier, monotonic());
      const work = read(supplier)
        .then(
          () => undefined,
          (error: unknown) => log.warn({ supplier, reason: String(error) }, 'what was learnt could not be read'),
        )
        .finally(() => reading.delete(supplier));
      reading.set(supplier, work);
      return work;
    },
    learnt(supplier) {
      const texts = seen.get(supplier)?.texts;
      return texts === undefined || texts.size === 0 ? NOTHING_LEARNT : learntAt(texts, now(supplier));
    },
    text: (supplier, field) => seen.get(supplier)?.texts.get(field) ?? null,
    now,
    async change(supplier, field, change) {
      for (let attempt = 1; attempt <= TRIES; attempt += 1) {
        const { at, texts } = await read(supplier);
        const before = texts.get(field) ?? null;
        const after = change(before, at);
        if (after === null) return null;
        if (!(await notes.replace(supplier, field, before, after === '' ? null : after))) continue;
        await read(supplier);
        await tidy(notes, supplier, texts, field, at);
        return after;
      }
      return null;
    },
  };
}

/** Takes out what is no longer in force, but for the field just written and what is not a lesson. */
async function tidy(
  notes: LearntNotes,
  supplier: string,
  texts: ReadonlyMap<string, string>,
  written: string,
  at: number,
): Promise<void> {
  for (const [field, text] of texts) {
    const isLesson = /^(?:factor|stated|rest) /.test(field);
    if (field !== written && isLesson && !isInForce(field, text, at)) await notes.replace(supplier, field, text, null);
  }
}
