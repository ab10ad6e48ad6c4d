import { readFile, readdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { recordAnswers } from './recording.ts';

const FOLDER = fileURLToPath(new URL('../recorded/sandbox/', import.meta.url));

/** `RECORD=1 npx vitest run test/connectors/sandbox/recorded.test.ts` writes the files anew; then format them. */
it('answers today what is recorded', async () => {
  const answers = await recordAnswers();
  if (process.env['RECORD'] === '1') {
    const write = ([name, answer]: [string, unknown]): Promise<void> =>
      writeFile(`${FOLDER}${name}.json`, JSON.stringify(answer, null, 2));
    await Promise.all(Object.entries(answers).map(write));
  }
  const files = (await readdir(FOLDER)).filter((file) => file !== 'asks.json');
  expect(files.map((file) => file.replace('.json', '')).sort()).toEqual(Object.keys(answers).sort());
  for (const [name, answer] of Object.entries(answers)) {
    expect(JSON.parse(await readFile(`${FOLDER}${name}.json`, 'utf8')), name).toEqual(answer);
  }
});
