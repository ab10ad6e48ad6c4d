const MS_IN_WEEK = 604_800_000;
const MS_IN_DAY = 86_400_000;
const MS_IN_HOUR = 3_600_000;
const MS_IN_MINUTE = 60_000;

/** Weeks, days, hours, minutes, seconds, milliseconds of ISO 8601-1 §5.5.2; years and months are left out on purpose. */
const DURATION =
  /^P(?=.)(?:(\d{1,9})W)?(?:(\d{1,9})D)?(?:T(?=\d)(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,9})(?:\.(\d{1,3}))?S)?)?$/;

/**
 * Reads a length of time: `PT30S`, `PT0.5S`, `PT1H30M`, `P1D`, `P2W`. Strict: upper case, no sign, no blanks, a dot and at most
 * three places in the seconds. A day has 24 hours.
 * @returns milliseconds, or null where the text is no such length or is past what a number holds exactly
 */
export function parseDuration(text: string): number | null {
  const found = DURATION.exec(text);
  if (found === null) return null;
  const [, weeks, days, hours, minutes, seconds, fraction] = found;
  const ms =
    number(weeks) * MS_IN_WEEK +
    number(days) * MS_IN_DAY +
    number(hours) * MS_IN_HOUR +
    number(minutes) * MS_IN_MINUTE +
    number(seconds) * 1_000 +
    number(fraction?.padEnd(3, '0'));
  return Number.isSafeInteger(ms) ? ms : null;
}

/** Milliseconds, a whole number from zero -> `PT0S`, `PT12.345S`, `P1DT2H`. */
export function formatDuration(ms: number): string {
  const days = Math.floor(ms / MS_IN_DAY);
  const hours = Math.floor((ms % MS_IN_DAY) / MS_IN_HOUR);
  const minutes = Math.floor((ms % MS_IN_HOUR) / MS_IN_MINUTE);
  const seconds = (ms % MS_IN_MINUTE) / 1_000;
  const time = unit(hours, 'H') + unit(minutes, 'M') + unit(seconds, 'S');
  if (ms === 0) return 'PT0S';
  return `P${unit(days, 'D')}${time === '' ? '' : `T${time}`}`;
}

function number(digits: string | undefined): number {
  return digits === undefined ? 0 : Number(digits);
}

function unit(count: number, letter: string): string {
  return count === 0 ? '' : `${count}${letter}`;
}
