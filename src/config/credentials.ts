import { readFileSync } from 'node:fs';
import { GatewayError } from '../domain/gateway-error.ts';
import type { CredentialSource } from '../config-schema.ts';

/**
 * The value now. It is never part of a message.
 * @throws GatewayError CONFIG_INVALID where the source is none, or holds nothing
 */
export function readCredential(place: string, source: unknown, environment: NodeJS.ProcessEnv): string {
  if (source === undefined) throw invalid(`${place} is missing: give {"env": "NAME"} or {"file": "/path"}`);
  if (!isSource(source)) throw invalid(`${place} must be {"env": "NAME"} or {"file": "/path"}`);
  if ('env' in source) {
    const value = environment[source.env];
    if (value) return value;
    throw invalid(`${place}: the environment variable ${source.env} is not set`);
  }
  try {
    const value = readFileSync(source.file, 'utf8').trim();
    if (value !== '') return value;
  } catch {
    // Said below, like an empty file.
  }
  throw invalid(`${place}: the file ${source.file} is empty or cannot be read`);
}

function isSource(source: unknown): source is CredentialSource {
  const [[kind, name] = [], ...others] = typeof source === 'object' && source !== null ? Object.entries(source) : [];
  return others.length === 0 && (kind === 'env' || kind === 'file') && typeof name === 'string' && name !== '';
}

function invalid(message: string): GatewayError {
  return new GatewayError('CONFIG_INVALID', message);
}
