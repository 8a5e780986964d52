import { useCallback } from 'react'
import type { CloudOperation, RequestOperation } from '../../src/contract/cloud-instance.ts'
import { useApi } from '../shared/server.tsx'

/** What asks the host of an instance to do something. It resolves when it was asked; what comes of it, the operations show. */
export function useOperate(instance: string): (request: RequestOperation) => Promise<CloudOperation> {
  const api = useApi()
  return useCallback(
    async (request) => {
      const path = `/instances/${instance}`
      const operation = await api.post<CloudOperation>(`${path}/operations`, request)
      api.refresh(path)
      return operation
    },
    [api, instance],
  )
}
