import { readFile, stat } from 'node:fs/promises';
import { GatewayError } from '../domain/gateway-error.ts';
import { MAX_LINES, type CatalogLine } from './catalog.ts';

const MAX_FILE_BYTES = 100 * 1024 * 1024;

/**
 * Reads a list of `part;label` lines, CRLF or LF, Latin-1, without a header. Nothing is cleaned: blanks and case stay.
 * @param brand what every line is sold as; such lists do not say
 * @throws GatewayError `CONFIG_INVALID`: no such file, too large, or a line without a semicolon
 */
export async function readCatalogFile(file: string, brand: string): Promise<CatalogLine[]> {
  const lines = (await readText(file)).split('\n').map((line) => line.replace(/\r$/, ''));
  if (lines.at(-1) === '') lines.pop();
  if (lines.length > MAX_LINES) throw unusable(file, `has ${lines.length} lines; at most ${MAX_LINES} are read`);
  return lines.map((line, index) => {
    const semicolon = line.indexOf(';');
    if (semicolon < 1) throw unusable(file, `has no "part;label" in line ${index + 1}`);
    return { brand, part_number: line.slice(0, semicolon), title: line.slice(semicolon + 1) };
  });
}

async function readText(file: string): Promise<string> {
  try {
    const { size } = await stat(file);
    if (size > MAX_FILE_BYTES) throw unusable(file, `is ${size} bytes long; at most ${MAX_FILE_BYTES} are read`);
    return await readFile(file, 'latin1');
  } catch (error) {
    if (error instanceof GatewayError) throw error;
    throw new GatewayError('CONFIG_INVALID', `The catalog file ${file} cannot be read: give a file that exists.`, {
      cause: error,
    });
  }
}

function unusable(file: string, what: string): GatewayError {
  return new GatewayError('CONFIG_INVALID', `The catalog file ${file} ${what}.`);
}
