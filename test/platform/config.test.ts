import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Type } from 'typebox'
import { expect, test } from 'vitest'
import { loadConfig } from '../../src/platform/config.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const schema = Type.Object(
  {
    publicUrl: Type.Optional(Type.String({ pattern: '^http://' })),
    port: Type.Integer({ minimum: 1, default: 8400 }),
    debug: Type.Boolean({ default: false }),
    limits: Type.Object({ bytes: Type.Integer({ default: 5 }) }, { additionalProperties: false, default: {} }),
  },
  { additionalProperties: false },
)

async function fileWith(text: string): Promise<string> {
  const path = join(await temporaryFolder(), 'server.yaml')
  await writeFile(path, text)
  return path
}

const environment = (variables: Record<string, string>) => ({ variables, prefix: 'SLIPWAY_' })

test('flags win over the environment, that over the file, that over the defaults', async () => {
  const file = await fileWith('port: 1\n')
  expect((await loadConfig(schema, {})).port).toBe(8400)
  expect((await loadConfig(schema, { file })).port).toBe(1)
  const two = { file, environment: environment({ SLIPWAY_PORT: '2' }) }
  expect((await loadConfig(schema, two)).port).toBe(2)
  expect((await loadConfig(schema, { ...two, flags: { port: '3' } })).port).toBe(3)
})

test('an undefined flag and an empty variable say nothing', async () => {
  const file = await fileWith('port: 1\n')
  const sources = { file, environment: environment({ SLIPWAY_PORT: '' }), flags: { port: undefined } }
  expect((await loadConfig(schema, sources)).port).toBe(1)
})

test('text of the environment becomes the type of its key', async () => {
  const config = await loadConfig(schema, {
    environment: environment({
      SLIPWAY_PUBLIC_URL: 'http://a',
      SLIPWAY_DEBUG: 'true',
      PUBLIC_URL: 'http://b',
      PATH: 'x',
    }),
  })
  expect(config).toEqual({ publicUrl: 'http://a', debug: true, port: 8400, limits: { bytes: 5 } })
})

test('defaults reach into parts that the file leaves out or gives in part', async () => {
  expect(await loadConfig(schema, { file: await fileWith('') })).toMatchObject({ limits: { bytes: 5 } })
  expect(await loadConfig(schema, { file: await fileWith('limits: {}\n') })).toMatchObject({ limits: { bytes: 5 } })
})

test('the configuration cannot be changed, not even deep inside', async () => {
  const config = await loadConfig(schema, {})
  expect(() => Object.assign(config, { port: 1 })).toThrow(TypeError)
  expect(() => Object.assign(config.limits, { bytes: 1 })).toThrow(TypeError)
})

test.each([
  ['an unknown key', 'prot: 1\n', 'prot is not a known key'],
  ['an unknown key deep inside', 'limits: { byts: 1 }\n', 'limits.byts is not a known key'],
  ['text where a number belongs', 'port: "80"\n', 'port must be integer (it is "80")'],
  ['a number out of range', 'port: 0\n', 'port must be >= 1 (it is 0)'],
  ['a broken pattern', 'publicUrl: ftp://x\n', 'publicUrl must match pattern "^http://" (it is "ftp://x")'],
  ['a list', '- port\n', 'must hold keys and values, but it holds ["port"]'],
  ['a bare word', 'port\n', 'must hold keys and values, but it holds "port"'],
  ['broken YAML', 'port: [1\n', 'is not YAML:'],
  ['the same key twice', 'port: 1\nport: 2\n', 'is not YAML:'],
])('%s in the file is refused, with file, key and value', async (_, text, said) => {
  const file = await fileWith(text)
  const refused = loadConfig(schema, { file })
  await expect(refused).rejects.toMatchObject({ code: 'config-invalid' })
  await expect(refused).rejects.toThrow(said)
  await expect(refused).rejects.toThrow(file)
})

test('a variable of the wrong form is refused with its key and value', async () => {
  await expect(loadConfig(schema, { environment: environment({ SLIPWAY_PORT: 'http' }) })).rejects.toMatchObject({
    code: 'config-invalid',
    message: 'configuration: port must be integer (it is "http")',
  })
})

test('a file that was named must be there', async () => {
  const file = join(await temporaryFolder(), 'gone.yaml')
  await expect(loadConfig(schema, { file })).rejects.toMatchObject({
    code: 'config-invalid',
    message: expect.stringContaining(`cannot read the configuration file ${file}: ENOENT`),
  })
})
