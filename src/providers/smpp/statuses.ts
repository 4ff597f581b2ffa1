import { statusOf } from './wire.ts';

/** What a status in a submit_sm_resp says of the SMS. */
export type StatusMeaning = 'throttled' | 'transient' | 'account' | 'rejected' | 'no-route' | 'opted-out';

/**
 * What the statuses of SMPP 3.4 §5.1.3 and 5.0 §4.7.6 mean for one SMS. Kannel's table (gw/smsc/smsc_smpp.c) has
 * ESME_RMSGQFUL, ESME_RTHROTTLED, ESME_RX_T_APPN and ESME_RSYSERR as temporary and all others as final; here final is only
 * what speaks of this SMS, so that an account, a route or a session that is repaired loses none. Statuses that are not
 * listed, a vendor's among them (0x0400 to 0x04FF), are `transient`: the SMSC surely did not take the SMS.
 */
const MEANINGS: Readonly<Record<string, StatusMeaning>> = {
  ESME_RTHROTTLED: 'throttled',
  ESME_RMSGQFUL: 'throttled',

  ESME_RINVPASWD: 'account',
  ESME_RINVSYSID: 'account',
  ESME_RINVSYSTYP: 'account',

  ESME_RINVMSGLEN: 'rejected',
  ESME_RINVPRTFLG: 'rejected',
  ESME_RINVREGDLVFLG: 'rejected',
  ESME_RINVSRCADR: 'no-route',
  ESME_RINVDSTADR: 'rejected',
  ESME_RINVESMCLASS: 'rejected',
  ESME_RINVSRCTON: 'rejected',
  ESME_RINVSRCNPI: 'rejected',
  ESME_RINVDSTTON: 'rejected',
  ESME_RINVDSTNPI: 'rejected',
  ESME_RINVREPFLAG: 'rejected',
  ESME_RINVSCHED: 'rejected',
  ESME_RINVEXPIRY: 'rejected',
  ESME_RINVDFTMSGID: 'rejected',
  ESME_RX_P_APPN: 'rejected',
  ESME_RX_R_APPN: 'rejected',
  ESME_RINVTLVSTREAM: 'rejected',
  ESME_RTLVNOTALLWD: 'rejected',
  ESME_RINVTLVLEN: 'rejected',
  ESME_RMISSINGTLV: 'rejected',
  ESME_RINVTLVVAL: 'rejected',
  ESME_RPROHIBITED: 'no-route',
  ESME_RINVDCS: 'rejected',
  ESME_RINVSRCADDRSUBUNIT: 'rejected',
  ESME_RINVDSTADDRSUBUNIT: 'rejected',
};

const BY_STATUS = new Map(Object.entries(MEANINGS).map(([name, meaning]) => [statusOf(name), meaning]));

/** `own`: what this SMSC means by its statuses, before the table; by number. */
export function meaningOf(status: number, own: ReadonlyMap<number, StatusMeaning>): StatusMeaning {
  return own.get(status) ?? BY_STATUS.get(status) ?? 'transient';
}

/** Statuses to a bind that say that the credentials are wrong: trying again soon would only lock the account. */
export function isRefusedPassword(status: number): boolean {
  return status === statusOf('ESME_RINVPASWD') || status === statusOf('ESME_RINVSYSID');
}
