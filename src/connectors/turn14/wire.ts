import { compileCheck, type Checked } from '../schema-check.ts';

/**
 * What Turn14 sends, as far as it is used. Its reference is behind the dealer login; shapes are those its clients read.
 * Ids are text and may hold letters (`13504G`). A number in their place is refused: `14E4289` would already be lost.
 */
export interface WireItem {
  readonly id: string;
  readonly attributes: {
    readonly brand: string;
    /** The maker's number. `part_number` is the distributor's and is not used. */
    readonly mfr_part_number: string;
    readonly product_name?: string | null;
    readonly part_description?: string | null;
    readonly units_per_sku?: string | number | null;
    /** Absent and null are "not said", not false. */
    readonly active?: boolean | null;
  };
}

export interface WireInventory {
  readonly id: string;
  readonly attributes: {
    /** Warehouse id -> quantity. */
    readonly inventory: Readonly<Record<string, unknown>>;
    readonly manufacturer?: { readonly stock?: unknown } | null;
  };
}

export interface WirePricing {
  readonly id: string;
  readonly attributes: {
    readonly purchase_cost: string | number | null;
    readonly has_map?: boolean | null;
    readonly pricelists: readonly WirePriceList[] | Readonly<Record<string, unknown>> | null;
  };
}

export interface WirePriceList {
  readonly name: string;
  readonly price?: unknown;
}

/** One page of a list. */
export interface WirePage {
  readonly data: readonly unknown[];
  readonly totalPages: number;
  /** The page that `links.next` names; null where it says that this is the last; undefined where it says nothing. */
  readonly linkedNext: number | null | undefined;
}

/** Where a maker's own stock stands among an offer's locations; no warehouse may bear the name. */
export const MANUFACTURER_LOCATION = 'manufacturer';

/** Databases take `01 ` and `01` for one key. */
const UNPADDED = { pattern: '^\\S(?:.*\\S)?$', description: 'text without blanks at its ends, of bounded length' };
const ID = { type: 'string', ...UNPADDED, maxLength: 128 };
const PRINTED = { type: 'string', pattern: '\\S', maxLength: 128, description: 'text of 1 to 128 characters' };
/** The copy's column holds no more. */
const OPTIONAL_TEXT = { type: ['string', 'null'], maxLength: 10_000 };
const OPTIONAL_FLAG = { type: ['boolean', 'null'] };
const MAX_WAREHOUSES = 500;

export const checkItem = compileCheck<WireItem>({
  type: 'object',
  required: ['id', 'attributes'],
  properties: {
    id: ID,
    attributes: {
      type: 'object',
      required: ['brand', 'mfr_part_number'],
      properties: {
        brand: PRINTED,
        mfr_part_number: PRINTED,
        product_name: OPTIONAL_TEXT,
        part_description: OPTIONAL_TEXT,
        units_per_sku: { type: ['integer', 'string', 'null'] },
        active: OPTIONAL_FLAG,
      },
    },
  },
});

export const checkInventory = compileCheck<WireInventory>({
  type: 'object',
  required: ['id', 'attributes'],
  properties: {
    id: ID,
    attributes: {
      type: 'object',
      required: ['inventory'],
      properties: {
        inventory: {
          type: 'object',
          maxProperties: MAX_WAREHOUSES,
          propertyNames: { ...UNPADDED, maxLength: 64, not: { const: MANUFACTURER_LOCATION } },
        },
        manufacturer: { type: ['object', 'null'] },
      },
    },
  },
});

export const checkPricing = compileCheck<WirePricing>({
  type: 'object',
  required: ['id', 'attributes'],
  properties: {
    id: ID,
    attributes: {
      type: 'object',
      required: ['purchase_cost', 'pricelists'],
      properties: {
        purchase_cost: { type: ['number', 'string', 'null'] },
        has_map: OPTIONAL_FLAG,
        pricelists: {
          type: ['array', 'object', 'null'],
          items: { type: 'object', required: ['name'], properties: { name: { type: 'string' } } },
        },
      },
    },
  },
});

/** Rows of an answer: an array for many and an object for one are both in use. Refuses an answer that holds `errors`. */
export function readRows(body: unknown): Checked<readonly unknown[]> {
  const checked = checkRows(body);
  if (checked.value === null) return checked;
  const { data, errors } = checked.value;
  if (errors !== undefined && errors !== null) return { value: null, reason: 'it holds `errors` beside a 200' };
  if (data === undefined) return { value: null, reason: 'it holds no `data`' };
  return { value: Array.isArray(data) ? (data as readonly unknown[]) : [data], reason: null };
}

export function readPage(body: unknown): Checked<WirePage> {
  const rows = readRows(body);
  if (rows.value === null) return rows;
  const paging = checkPaging(body);
  if (paging.value === null) return paging;
  const { meta, links } = paging.value;
  const linkedNext = typeof links?.next === 'string' ? pageOf(links.next) : links?.next;
  return { value: { data: rows.value, totalPages: meta.total_pages, linkedNext }, reason: null };
}

/**
 * Whether the body of a 404 speaks of the item asked for. A 404 of a wrong address or of a proxy says nothing about a
 * part: taken for an absence, it would empty the shop.
 */
export function saysNoSuchItem(body: unknown): boolean {
  if (typeof body !== 'object' || body === null) return false;
  return ('errors' in body && body.errors !== null) || JSON.stringify(body).includes('No item exists');
}

const checkRows = compileCheck<{ readonly data?: unknown; readonly errors?: unknown }>({
  type: 'object',
  properties: { data: { type: ['array', 'object'] } },
});

const checkPaging = compileCheck<{
  readonly meta: { readonly total_pages: number };
  readonly links?: { readonly next?: string | null } | null;
}>({
  type: 'object',
  required: ['meta'],
  properties: {
    meta: {
      type: 'object',
      required: ['total_pages'],
      properties: { total_pages: { type: 'integer', minimum: 0 } },
    },
    links: {
      type: ['object', 'null'],
      properties: { next: { type: ['string', 'null'], pattern: '[?&]page=\\d{1,9}(?:&|$)' } },
    },
  },
});

/** `/v1/items?page=2` -> 2. The link itself is never followed. */
function pageOf(link: string): number {
  return Number(/[?&]page=(\d+)/.exec(link)?.[1]);
}
