import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { type Rules, violations } from './architecture.ts'

const rules: Rules = {
  arrows: { low: [], high: ['low'], contract: [], top: '*' },
  packages: { low: ['typebox', 'node:child_process'] },
  entries: ['src/high/main.ts'],
  doors: [
    { name: 'the environment', member: 'process.env', allowed: { 'src/top': 'it may' } },
    {
      name: 'starting processes',
      imports: (specifier) => specifier === 'node:child_process',
      allowed: { 'src/low/exec.ts': 'the door' },
    },
  ],
  closures: [{ entry: 'src/high/main.ts', without: ['src/low/heavy.ts', 'fastify'] }],
}

/** A house in order: each case below breaks one thing in it. */
const sound = {
  'src/contract/word.ts': 'export type Word = string; export const word = 1',
  'src/low/exec.ts':
    "import { spawn } from 'node:child_process'; import { Type } from 'typebox'; export const a = [spawn, Type]",
  'src/low/heavy.ts': 'export const heavy = 1; export type Heavy = number',
  'src/high/main.ts':
    "import { b } from './part.ts'; import type { Heavy } from '../low/heavy.ts'; export const c: Heavy = b",
  'src/high/part.ts': "import { a } from '../low/exec.ts'; export const b = a.length",
  'src/top/all.ts':
    "import { b } from '../high/part.ts'; export const d = [process.env.HOME, b, import('../low/heavy.ts')]",
  'web/page.tsx': "import type { Word } from '../src/contract/word.ts'; export const page = (w: Word) => <p>{w}</p>",
}

const cases: { name: string; files: Record<string, string>; found: string | RegExp }[] = [
  {
    name: 'an import against the arrows',
    files: { 'src/low/up.ts': "import { b } from '../high/part.ts'; export const x = b" },
    found: 'src/low/up.ts: imports src/high/part.ts, but low may import only nothing',
  },
  {
    name: 'an import of a type against the arrows',
    files: { 'src/low/up.ts': "import type { Word } from '../contract/word.ts'; export type X = Word" },
    found: 'src/low/up.ts: imports src/contract/word.ts, but low may import only nothing',
  },
  {
    name: 'a re-export against the arrows',
    files: { 'src/low/up.ts': "export * from '../contract/word.ts'" },
    found: 'src/low/up.ts: imports src/contract/word.ts, but low may import only nothing',
  },
  {
    name: 'a dynamic import against the arrows',
    files: { 'src/low/up.ts': "export const x = () => import('../contract/word.ts')" },
    found: 'src/low/up.ts: imports src/contract/word.ts, but low may import only nothing',
  },
  {
    name: 'a folder that the table does not know',
    files: { 'src/utils/x.ts': 'export const x = 1' },
    found: 'src/utils/x.ts: src/utils is not in the table of arrows',
  },
  {
    name: 'a package that a folder may not use',
    files: { 'src/low/yaml.ts': "import { parse } from 'yaml'; export const x = parse" },
    found: 'src/low/yaml.ts: imports yaml, but low may use only typebox, node:child_process',
  },
  {
    name: 'a file that is not there',
    files: { 'src/low/x.ts': "import { gone } from './gone.ts'; export const x = gone" },
    found: 'src/low/x.ts: imports ./gone.ts, which is not there (imports end in .ts)',
  },
  {
    name: 'an import without its ending',
    files: { 'src/low/x.ts': "import { heavy } from './heavy'; export const x = heavy" },
    found: 'src/low/x.ts: imports ./heavy, which is not there (imports end in .ts)',
  },
  {
    name: 'an import of an entry',
    files: { 'src/top/x.ts': "import { c } from '../high/main.ts'; export const x = c" },
    found: 'src/top/x.ts: imports src/high/main.ts, which is the entry of a program',
  },
  {
    name: 'a cycle',
    files: {
      'src/low/x.ts': "import { y } from './y.ts'; export const x = y",
      'src/low/y.ts': "import { x } from './x.ts'; export const y = x",
    },
    found: 'src/low/x.ts → src/low/y.ts → src/low/x.ts: a cycle',
  },
  {
    name: 'a second reader of the environment',
    files: { 'src/low/x.ts': 'export const x = process.env.HOME' },
    found: 'src/low/x.ts: uses process.env, but the environment is only for src/top',
  },
  {
    name: 'a second door for processes',
    files: { 'src/low/x.ts': "import { execFile } from 'node:child_process'; export const x = execFile" },
    found: 'src/low/x.ts: imports execFile of node:child_process, but starting processes is only for src/low/exec.ts',
  },
  {
    name: 'a shipped program that reaches what hosts must not get',
    files: { 'src/low/exec.ts': "import { heavy } from './heavy.ts'; export const a = [heavy]" },
    found:
      /^src\/high\/main\.ts → src\/high\/part\.ts → src\/low\/exec\.ts → src\/low\/heavy\.ts: .* must not be shipped/,
  },
  {
    name: 'a page that runs code of the server',
    files: { 'web/x.ts': "import { word } from '../src/contract/word.ts'; export const x = word" },
    found: 'web/x.ts: imports src/contract/word.ts, but web may import only types, and only of src/contract',
  },
  {
    name: 'a page that knows another station',
    files: { 'web/x.ts': "import type { Heavy } from '../src/low/heavy.ts'; export type X = Heavy" },
    found: 'web/x.ts: imports src/low/heavy.ts, but web may import only types, and only of src/contract',
  },
]

test('a house in order has no violation', async () => {
  expect(violations(await house({}), rules)).toEqual([])
})

test.each(cases)('$name is told in one line', async ({ files, found }) => {
  const lines = violations(await house(files), rules)
  expect(lines).toEqual([typeof found === 'string' ? found : expect.stringMatching(found)])
})

async function house(files: Record<string, string>): Promise<string> {
  const top = await temporaryFolder()
  for (const [path, text] of Object.entries({ ...sound, ...files })) {
    await mkdir(dirname(join(top, path)), { recursive: true })
    await writeFile(join(top, path), text)
  }
  return top
}
