import { notAhead } from '../domain/fact-time.ts';
import { offerId } from '../domain/identity.ts';
import type { OfferId } from '../domain/identity.ts';
import type { Observation, ObservationKind, Rejection } from '../domain/observation.ts';
import { rejectUnfit } from './unfit-observation.ts';

interface Sievable {
  readonly observations: readonly Observation[];
  readonly rejections?: readonly Rejection[];
  readonly rejectedKind?: ObservationKind;
}

export interface Sifted {
  /** None ahead of when it was asked for. */
  readonly fit: Observation[];
  readonly ahead: number;
  readonly rejections: Rejection[];
  /** Offers of whose stock something was said that could not be taken. Sorted. */
  readonly doubted: OfferId[];
}

/** Parts what a recording may write from what becomes a dead letter, and places in time what claims to be from the future. */
export function sift(recording: Sievable): Sifted {
  const fit: Observation[] = [];
  let ahead = 0;
  const rejections = [...(recording.rejections ?? [])];
  const aboutStock = (recording.rejectedKind ?? 'stock') === 'stock' ? [...rejections] : [];
  for (const observation of recording.observations) {
    const rejection = rejectUnfit(observation);
    if (rejection === null) {
      const time = notAhead(observation.time);
      if (time !== observation.time) ahead += 1;
      fit.push(time === observation.time ? observation : { ...observation, time });
    } else {
      rejections.push(rejection);
      if (observation.kind === 'stock' || observation.kind === 'absence') aboutStock.push(rejection);
    }
  }
  const doubted = aboutStock.flatMap(({ supplier, supplierPartNumber }) =>
    supplierPartNumber === null ? [] : [offerId(supplier, supplierPartNumber)],
  );
  return { fit, ahead, rejections, doubted: [...new Set(doubted)].sort() };
}
