import { compileCheck } from '../schema-check.ts';

/** What the sandbox supplier sends, as far as it is used (src/sandbox/README.md). */
export interface WirePage {
  readonly data: readonly unknown[];
  readonly meta: {
    readonly page: number;
    readonly total_pages: number;
    /** Names the frozen delta that this is a page of. */
    readonly as_of?: string;
  };
}

export interface WireByIds {
  readonly data: readonly unknown[];
  readonly not_found: readonly string[];
}

interface WireRow {
  /** Opaque text. A number in its place is refused: `007` would already be lost. */
  readonly id: string;
  readonly updated_at: string;
}

export interface WireCatalogRow extends WireRow {
  readonly brand: string;
  readonly part_number: string;
  readonly title?: string | null;
  readonly pack_quantity?: number | string | null;
  readonly discontinued?: boolean | null;
  readonly superseded_by?: string | null;
}

export interface WireStockRow extends WireRow {
  readonly levels: readonly { readonly location: string; readonly quantity?: unknown }[];
}

export interface WirePriceRow extends WireRow {
  readonly currency: string;
  readonly cost?: unknown;
  readonly jobber?: unknown;
  readonly map?: unknown;
  readonly retail?: unknown;
  readonly core?: unknown;
}

const ROW = {
  id: { type: 'string', pattern: '\\S', maxLength: 128 },
  updated_at: { type: 'string', pattern: '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(?:\\.\\d{1,9})?Z$' },
};
const PRINTED = { type: 'string', pattern: '\\S', maxLength: 128 };
const OPTIONAL_TEXT = { type: ['string', 'null'] };
const MAX_LOCATIONS = 500;

export const checkPage = compileCheck<WirePage>({
  type: 'object',
  required: ['data', 'meta'],
  properties: {
    data: { type: 'array' },
    meta: {
      type: 'object',
      required: ['page', 'total_pages'],
      properties: {
        page: { type: 'integer', minimum: 1 },
        total_pages: { type: 'integer', minimum: 1 },
        as_of: { type: 'string', minLength: 1, maxLength: 64 },
      },
    },
  },
});

export const checkByIds = compileCheck<WireByIds>({
  type: 'object',
  required: ['data', 'not_found'],
  properties: { data: { type: 'array' }, not_found: { type: 'array', items: { type: 'string' } } },
});

export const checkCatalogRow = compileCheck<WireCatalogRow>({
  type: 'object',
  required: ['id', 'updated_at', 'brand', 'part_number'],
  properties: {
    ...ROW,
    brand: PRINTED,
    part_number: PRINTED,
    title: OPTIONAL_TEXT,
    pack_quantity: { type: ['integer', 'string', 'null'] },
    discontinued: { type: ['boolean', 'null'] },
    superseded_by: OPTIONAL_TEXT,
  },
});

export const checkStockRow = compileCheck<WireStockRow>({
  type: 'object',
  required: ['id', 'updated_at', 'levels'],
  properties: {
    ...ROW,
    levels: {
      type: 'array',
      maxItems: MAX_LOCATIONS,
      items: {
        type: 'object',
        required: ['location'],
        properties: { location: { type: 'string', pattern: '\\S', maxLength: 64 } },
      },
    },
  },
});

export const checkPriceRow = compileCheck<WirePriceRow>({
  type: 'object',
  required: ['id', 'updated_at', 'currency'],
  properties: { ...ROW, currency: { type: 'string', pattern: '^[A-Z]{3}$' } },
});
