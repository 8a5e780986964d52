import type { CloudInstanceDetail } from '../../src/contract/cloud-instance.ts'
import { Ago, Lasting } from '../shared/ago.tsx'
import { bytesText } from '../shared/bytes.ts'
import { Copy } from '../shared/copy.tsx'
import { Facts } from '../shared/facts.tsx'
import { Labels } from '../shared/labels.tsx'
import { Panel } from '../shared/panel.tsx'
import { Link } from '../shared/router.tsx'
import { addressOf } from '../shared/routes.ts'
import { WordMark } from '../shared/word-mark.tsx'
import { isUp } from './possible.ts'
import { healths } from './words.ts'

/** What is known of an instance besides its disks, ports and snapshots. */
export function InstanceFacts({ instance }: { instance: CloudInstanceDetail }) {
  const { id, stack, host, image, vcpus, memoryMiB, driver, type, revision, status } = instance
  const { health, healthMessage, startedAt, restarts, state, labels } = instance
  return (
    <Panel title="Instance">
      <Facts
        facts={{
          Stack: <Link href={addressOf.stack(stack)}>{stack}</Link>,
          Host: <Link href={addressOf.host(host)}>{host}</Link>,
          Labels: labels && Object.keys(labels).length > 0 && <Labels labels={labels} />,
          Health: health !== 'unknown' && (
            <>
              <WordMark word={healths[health]} />
              {healthMessage && <p style={{ color: 'var(--ink-soft)', fontSize: 12 }}>{healthMessage}</p>}
            </>
          ),
          Image: image && (
            <>
              <Link href={addressOf.artifact(`images/${image.name}`)}>{image.name}</Link> <code>{image.version}</code>{' '}
              <Copy text={image.digest} what={`the digest of ${image.name} ${image.version}`} />
            </>
          ),
          Size: `${vcpus === 1 ? '1 vCPU' : `${vcpus} vCPUs`}, ${bytesText(memoryMiB * 2 ** 20)} of memory`,
          Type: `${driver} ${type}`,
          Up: isUp(state) && startedAt && <Lasting since={startedAt} />,
          Started: startedAt && <Ago at={startedAt} />,
          'First boot':
            status?.firstBootSeconds !== undefined && `${status.firstBootSeconds.toFixed(1)} s until healthy`,
          Restarts: restarts === 0 ? 'none by itself' : `${restarts} by itself`,
          Revision: revisionText(revision, status?.revision ?? 0),
          Domain: status?.domid,
          Screen: status?.vncAddress && (
            <>
              <code>{status.vncAddress}</code> on {host}
            </>
          ),
          Id: (
            <>
              <code>{id}</code> <Copy text={id} what="the id" />
            </>
          ),
        }}
      />
    </Panel>
  )
}

/** `runs` is 0 while it does not run. */
function revisionText(wanted: number, runs: number): string {
  return runs === 0 || runs === wanted ? `${wanted}` : `${wanted}, it was started with ${runs}`
}
