import type {
  AnchorCall,
  BinatRule,
  FilterRule,
  Host,
  IcmpType,
  Match,
  NatRule,
  NoTranslationRule,
  Ports,
  RdrRule,
} from './rule.ts'

/*
 * A rule as the kernel has it and `pfctl -s` lists it: no lists any more, one interface, one protocol, one host at each end. A rule as it is
 * written becomes one or more of these (expand.ts).
 */

export interface KernelEnd {
  host: Host
  /** Absent: any port. */
  ports?: Ports
}

/** What rules of both kinds look at; what is absent matches everything. */
export interface KernelMatch {
  on?: { not: boolean; name: string }
  family?: Match['family']
  protocol?: number
  from: KernelEnd
  to: KernelEnd
}

type Single<Rule extends Match> = Omit<Rule, keyof Match | 'icmp'> & KernelMatch

export type KernelFilterRule = Single<FilterRule> & { icmp?: IcmpType }
export type KernelTranslationRule = Single<NatRule> | Single<RdrRule> | Single<BinatRule> | Single<NoTranslationRule>
export type KernelRule = KernelFilterRule | KernelTranslationRule | AnchorCall
