import { createHash } from 'node:crypto';

/** A supplier as configured: the company behind one connector, e.g. `turn14`. Opaque, `[a-z0-9-]`, at most 32 characters. */
export type SupplierId = string;

/** A supplier's own number for what it lists. Opaque text, never a number: `10030`, `13504G`, `007` and `14E4289` all occur. */
export type SupplierPartNumber = string;

/** Derived from brand + part number; the same for every supplier of the part. 16 characters of base64url. */
export type PartId = string;

/** Derived from supplier + the supplier's own number. 16 characters of base64url. */
export type OfferId = string;

/**
 * The printed form reduced to what identifies it: Unicode NFC, trimmed, inner blanks folded to one, case folded.
 * Punctuation stays: `128100` and `128-100` are different parts in real catalogs.
 */
export function identityForm(printed: string): string {
  // Capitals of a composed letter may come apart: composed again, a capital and a small one are the same.
  return printed.normalize('NFC').trim().replace(/\s+/gu, ' ').toUpperCase().normalize('NFC');
}

/** Letters and digits alone. Finds a part in any spelling; never identifies one (it collapses `128-100` and `128100`). */
export function searchForm(printed: string): string {
  return identityForm(printed).replace(/[^\p{L}\p{N}]/gu, '');
}

export function partId(brand: string, partNumber: string): PartId {
  return digest('part', identityForm(brand), identityForm(partNumber));
}

export function offerId(supplier: SupplierId, supplierPartNumber: SupplierPartNumber): OfferId {
  return digest('offer', supplier, supplierPartNumber);
}

export const DERIVED_ID_PATTERN = /^[A-Za-z0-9_-]{16}$/;

/** 96 bits: among 100 million ids the chance of one collision is below 10⁻¹³. Computed, so a bulk write needs no look-up. */
function digest(...parts: string[]): string {
  return createHash('sha256').update(parts.map(withoutSeparator).join('\u001f')).digest('base64url').slice(0, 16);
}

/** Otherwise what holds the separator could be split elsewhere: `A␟B` + `C` would be `A` + `B␟C`. */
function withoutSeparator(part: string): string {
  return part.replaceAll('\u001e', '\u001e0').replaceAll('\u001f', '\u001e1');
}
