import { createRandom, type SeededRandom } from './random.ts';

/** A catalog line as it is sent. `null` of `pack_quantity` means: sold singly. */
export interface CatalogRow {
  readonly id: string;
  readonly brand: string | null;
  readonly part_number: string;
  readonly title: string | null;
  readonly pack_quantity: number | string | null;
  readonly discontinued: boolean;
  readonly superseded_by: string | null;
  readonly updated_at: string;
}

/** What a catalog line says before it has an id and a time. */
export type CatalogLine = Pick<CatalogRow, 'brand' | 'part_number' | 'title'> & {
  readonly pack_quantity?: number | string | null;
};

export const MAX_LINES = 1_000_000;

/** The supplier's printed labels end here, in the middle of a word where need be. */
const LABEL_LENGTH = 20;

/**
 * Makes `count` lines with the dirt of real lists: numbers that look like floats, leading zeros, punctuation that tells parts
 * apart, `#` core rows, supersessions in words, duplicates, labels cut at 20 characters, blanks at the ends, lower case.
 * The first lines are always the same known hard cases, so that even a tiny catalog has them.
 */
export function generateLines(count: number, seed: number): CatalogLine[] {
  const random = createRandom(seed);
  const lines: CatalogLine[] = HARD_CASES.slice(0, count);
  while (lines.length < count) {
    const line = drawLine(random, lines);
    lines.push(line, ...drawCompanions(random, line));
  }
  return lines.slice(0, count);
}

/** Gives each line the supplier's own opaque number: leading zeros, sometimes a letter, each distinct. */
export function toCatalogRows(lines: readonly CatalogLine[], updatedAt: string): CatalogRow[] {
  return lines.map((line, index) => ({
    id: `${String(index + 1).padStart(6, '0')}${index % 7 === 3 ? 'G' : ''}`,
    brand: line.brand,
    part_number: line.part_number,
    title: line.title,
    pack_quantity: line.pack_quantity === undefined ? 1 : line.pack_quantity,
    discontinued: /^NLA\b/i.test(line.title ?? ''),
    superseded_by: /^(?:NLA\s+)?(?:USE|SUGGEST)\b/i.test(line.title ?? '') ? line.title : null,
    updated_at: updatedAt,
  }));
}

const HOUSE = 'BRITISH CLASSICS';

const HARD_CASES: readonly CatalogLine[] = [
  { brand: HOUSE, part_number: '14E4289', title: 'CHECK STRAP MINI RED' },
  { brand: HOUSE, part_number: '0E30540305', title: 'BUSH FRONT ARM LOWER' },
  { brand: HOUSE, part_number: '128100', title: 'USE 152770' },
  { brand: HOUSE, part_number: '128-100', title: 'REAR PINION BRG TC N' },
  { brand: HOUSE, part_number: '021-250', title: 'WATER PUMP RECOND' },
  { brand: HOUSE, part_number: '021-250#', title: 'S/C 021-250' },
  { brand: HOUSE, part_number: 'AESA1096X4MAH', title: 'USE AESA1096X4MAH' },
  { brand: HOUSE, part_number: 'AESA1096X4MAH', title: 'P+LINERX4,86STD MAHL' },
  { brand: 'Brembo', part_number: 'P 23 109', title: 'BRAKE PAD SET', pack_quantity: 4 },
  { brand: 'HALDEN', part_number: '546601C300/6501C30', title: '=SHOCK ABSORBER FR' },
  { brand: 'HALDEN', part_number: '543004E100\t', title: 'STRUT MOUNT', pack_quantity: '2' },
  { brand: 'halden', part_number: 'h50060-mobis ', title: 'OIL FILTER <br>' },
  { brand: 'HALDEN', part_number: 'H50060-MOBIS', title: 'OIL FILTER' },
  { brand: HOUSE, part_number: '007', title: 'NLA  USE 021-753', pack_quantity: null },
  { brand: HOUSE, part_number: 'TKC852', title: 'USE TKC853 OR TKC853' },
  { brand: HOUSE, part_number: 'CSA4008/9', title: null },
];

const BRANDS = [HOUSE, HOUSE, HOUSE, 'HALDEN', 'Brembo', 'Northgate', 'KESTREL & SON', 'Orrin'] as const;
const NOUNS = ['WASHER', 'GASKET', 'BRG', 'SEAL KIT', 'BRAKE HOSE', 'BUSH', 'LENS AMBER', 'S/CVRS', 'RELAY'] as const;
const DETAILS = ['MGB 62-67', 'MM 64-71 RR TAN', 'E TYPE S2 RH', 'T/CAM', 'XJ6 FR UPPER', '>3MM', 'JAG V12'] as const;
const PREFIXES = ['GRID', 'AHH', 'TKC', 'XKC', 'GSJ', 'MRAC', 'CSA'] as const;

function drawLine(random: SeededRandom, earlier: readonly CatalogLine[]): CatalogLine {
  return {
    brand: random.pick(BRANDS),
    part_number: drawNumber(random),
    title: drawTitle(random, earlier),
    pack_quantity: random.chance(0.9) ? 1 : random.pick([2, 4, '10', null]),
  };
}

function drawNumber(random: SeededRandom): string {
  const digits = (length: number): string => String(random.below(10 ** length)).padStart(length, '0');
  const form = random.next();
  if (form < 0.45) return `${random.pick(PREFIXES)}${digits(4)}${random.pick(['', '', '', 'Z', 'E', 'SP', 'X'])}`;
  if (form < 0.65) return `${digits(3)}-${digits(3)}`;
  if (form < 0.85) return digits(6);
  if (form < 0.87) return `${digits(2)}E${digits(4)}`;
  if (form < 0.9) return `${digits(6)}/${random.below(9)}`;
  if (form < 0.93) return `VE${digits(2)}.${digits(2)}.${digits(2)}-${random.below(9)}`;
  if (form < 0.96) return `P ${digits(2)} ${digits(3)}`;
  return `${random.pick(PREFIXES)}${digits(5)}${random.pick([' ', '\t', '\n', '='])}`;
}

/** 7% lead on to another line, a few of them to none; nearly all others are a label. */
function drawTitle(random: SeededRandom, earlier: readonly CatalogLine[]): string | null {
  if (random.chance(0.07)) {
    const target = random.chance(0.94) ? earlier[random.below(earlier.length)] : undefined;
    const words = random.pick(['USE', 'USE', 'USE', 'Use', 'NLA  USE', 'NLA SUGGEST']);
    return `${words} ${target?.part_number.trim() ?? '999-999'}`;
  }
  if (random.chance(0.01)) return random.pick([null, '', 'NLA']);
  return `${random.pick(NOUNS)} ${random.pick(DETAILS)}`.slice(0, LABEL_LENGTH);
}

/** Lines that come with a line: its core charge, its twin without punctuation or in other case, its exact duplicate. */
function drawCompanions(random: SeededRandom, line: CatalogLine): CatalogLine[] {
  const companions: CatalogLine[] = [];
  const number = line.part_number.trim();
  if (random.chance(0.04)) companions.push({ ...line, part_number: `${number}#`, title: `S/C ${number}` });
  if (number.includes('-') && random.chance(0.05)) {
    companions.push({ ...line, part_number: number.replaceAll('-', ''), title: random.pick(NOUNS) });
  }
  if (random.chance(0.01)) companions.push({ ...line, part_number: number.toLowerCase() });
  if (random.chance(0.002)) companions.push({ ...line });
  return companions;
}
