import { pino } from 'pino';
import { expect, it } from 'vitest';
import { runSandboxCommand, SANDBOX_COMMAND_OPTIONS } from '../../src/sandbox/command.ts';
import { createSandboxClient } from './sandbox-client.ts';

const silent = pino({ level: 'silent' });

it('starts a sandbox as the command line says', async () => {
  const sandbox = await runSandboxCommand({ port: '0', parts: '20', perSecond: '3', pageSize: '7' }, silent);
  const { meta } = (await createSandboxClient(sandbox.url).get('/v1/catalog')).json();
  expect(meta).toMatchObject({ page_size: 7, total: 20 });
  const windows = sandbox.verdict().windows.map(({ name, limit, windowMs }) => [name, limit, windowMs]);
  expect(windows).toEqual([
    ['calls', 3, 1_000],
    ['calls', 600, 60_000],
    ['token', 10, 60_000],
  ]);
  await sandbox.stop();
});

it('names the option that is no number', async () => {
  await expect(runSandboxCommand({ parts: 'many' }, silent)).rejects.toThrow('parts must be a number, not "many"');
});

it('describes every option that it reads', () => {
  expect(SANDBOX_COMMAND_OPTIONS.map(({ flags }) => flags.split(' ')[0])).toContain('--catalog-file');
  for (const { description } of SANDBOX_COMMAND_OPTIONS) expect(description).toMatch(/\S/);
});
