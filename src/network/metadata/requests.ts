import type { Caller } from './callers.ts'
import { ec2Tree, ec2Versions } from './ec2.ts'
import { openstackTree } from './openstack.ts'
import type { Passwords } from './passwords.ts'
import { type Folder, find, type Page, text } from './tree.ts'

/** A request, as far as it matters. */
export interface MetadataRequest {
  method: string
  path: string
  /** Present when a proxy passes on what somebody else asks. */
  forwardedFor: boolean
  /** At most `maxPasswordBytes` of it; undefined when it has more. */
  body: string | undefined
}

export interface MetadataAnswer extends Page {
  status: number
}

/** What Nova keeps. */
export const maxPasswordBytes = 1020

/** Answers a request of an instance; nothing of it but its path is believed. @throws AppError storage-full */
export async function answer(
  caller: Caller | undefined,
  { method, path, forwardedFor, body }: MetadataRequest,
  passwords: Passwords,
): Promise<MetadataAnswer> {
  // A web server in the guest that can be made to fetch addresses adds this header: it would give the guest's secrets to whoever asks it.
  if (forwardedFor) return refusal(403, 'requests that are passed on for somebody else are not answered')
  if (!caller) return refusal(404, 'no instance of this host has your address')
  const { id } = caller.instance
  const page = find(treeOf(caller, await passwords.read(id)), path)
  if (!page) return refusal(404, 'not found')
  if (method === 'GET' || method === 'HEAD') return { status: 200, ...page }
  if (method !== 'POST' || !/^\/openstack\/[^/]+\/password$/.test(path)) return refusal(405, 'this can only be read')
  if (body === undefined) return refusal(400, `a password has at most ${maxPasswordBytes} bytes`)
  if (!(await passwords.leave(id, body))) return refusal(409, 'there is a password already')
  return { status: 200, ...text('') }
}

export function refusal(status: number, why: string): MetadataAnswer {
  return { status, ...text(`${why}\n`) }
}

function treeOf(caller: Caller, password: string): Folder {
  const ec2 = ec2Versions.map((version) => [version, () => ec2Tree(caller)])
  return {
    entries: { ...Object.fromEntries(ec2), openstack: () => openstackTree(caller, password) },
    listing: () => text(ec2Versions.join('\n')),
  }
}
