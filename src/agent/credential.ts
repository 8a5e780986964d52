import { AppError } from '../contract/errors.ts'
import { readTextIfThere } from '../platform/files.ts'

/** Reads agent.key, the host's whole credential, `slw_<host>_<64 hex>`. @throws AppError config-invalid, never with the secret in it */
export async function readCredential(path: string, host: string): Promise<string> {
  const text = (await readTextIfThere(path))?.trim()
  if (text === undefined)
    throw new AppError('config-invalid', `${path} is missing; enrol this host again with a new join token`)
  const [, named] = /^slw_([0-9a-f]{16})_[0-9a-f]{64}$/.exec(text) ?? []
  if (named === undefined)
    throw new AppError('config-invalid', `${path} does not hold a host's credential; enrol this host again`)
  if (named !== host)
    throw new AppError('config-invalid', `${path} is the credential of host ${named}, but agent.yaml says host ${host}`)
  return text
}
