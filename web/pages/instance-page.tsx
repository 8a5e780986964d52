import { useCallback, useEffect } from 'react'
import type { CloudInstanceDetail, CloudOperation } from '../../src/contract/cloud-instance.ts'
import type { InstanceHistory } from '../../src/contract/history.ts'
import type { HostDetail } from '../../src/contract/host.ts'
import { instanceCharts } from '../instance/charts.ts'
import { DiskTable } from '../instance/disk-table.tsx'
import { imageComing } from '../instance/image-coming.ts'
import { ImageProgress } from '../instance/image-progress.tsx'
import { InstanceActions } from '../instance/instance-actions.tsx'
import { InstanceFacts } from '../instance/instance-facts.tsx'
import { OperationTable } from '../instance/operation-table.tsx'
import { PortTable } from '../instance/port-table.tsx'
import { SnapshotTable } from '../instance/snapshot-table.tsx'
import { changeText, instanceStates } from '../instance/words.ts'
import classes from '../shared/columns.module.css'
import { HistoryPanel } from '../shared/history-panel.tsx'
import { Loaded } from '../shared/loaded.tsx'
import { Notice } from '../shared/notice.tsx'
import { Page } from '../shared/page.tsx'
import { useApi, useResource } from '../shared/server.tsx'
import { WordMark } from '../shared/word-mark.tsx'

export function InstancePage({ name }: { name: string }) {
  const instance = useResource<CloudInstanceDetail>(`/instances/${name}`)
  const { data } = instance
  return (
    <Page
      title={name}
      beside={
        data && (
          <>
            <WordMark word={instanceStates[data.state]} />
            <InstanceActions instance={data} />
          </>
        )
      }
      line={data?.reason}
    >
      <Loaded resource={instance}>{(detail) => <Instance instance={detail} />}</Loaded>
    </Page>
  )
}

function Instance({ instance }: { instance: CloudInstanceDetail }) {
  const { name, host, image, atNextStart, status, vcpus, memoryMiB } = instance
  const operations = useResource<CloudOperation[]>(`/instances/${name}/operations`)
  const report = useHostReport(host, name)
  const coming = imageComing(image, report)
  const change = changeText(instance)
  const charts = useCallback(
    (history: InstanceHistory) => instanceCharts(history, { vcpus, memoryMiB }),
    [vcpus, memoryMiB],
  )
  return (
    <>
      {change && <Notice tone="busy">{change}.</Notice>}
      {atNextStart.length > 0 && (
        <Notice tone="warn">
          This waits for the next start: <strong>{atNextStart.join(', ')}</strong>
        </Notice>
      )}
      {coming && <ImageProgress image={coming} />}
      <div className={classes.columns}>
        <div className={classes.column}>
          <DiskTable instance={instance} />
          <PortTable instance={instance} />
          <SnapshotTable instance={instance} snapshots={status?.snapshots ?? []} />
          <Loaded resource={operations}>{(rows) => <OperationTable operations={rows} />}</Loaded>
          <HistoryPanel path={`/instances/${name}/history`} charts={charts} />
        </div>
        <div className={classes.column}>
          <InstanceFacts instance={instance} />
        </div>
      </div>
    </>
  )
}

/**
 * The newest report of a host. With each one the instance is fetched again: an operation may have ended, or a disk have grown, without a change
 * of state that would be an event of its own.
 */
function useHostReport(host: string, instance: string): HostDetail['report'] {
  const { data } = useResource<HostDetail>(`/hosts/${host}`)
  const { refresh } = useApi()
  const seenAt = data?.lastSeenAt
  useEffect(() => {
    if (seenAt) refresh(`/instances/${instance}`)
  }, [seenAt, instance, refresh])
  return data?.report ?? null
}
