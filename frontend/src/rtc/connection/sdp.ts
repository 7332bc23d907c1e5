// Reads the two facts that this page needs from a session description.

/**
 * Session id of the `o=` line; null without one. It is constant and unique for each
 * RTCPeerConnection.
 *
 * Source: RFC 9429 §5.2.1
 */
export function sessionIdOf(sdp: string | undefined): string | null {
  return sdp?.match(/^o=\S+ (\S+) /m)?.[1] ?? null;
}

/** True if an m= section offers data channels, as in every description that this page creates. */
export function hasDataChannelSection(sdp: string | undefined): boolean {
  return /^m=application \S+ \S*SCTP/m.test(sdp ?? '');
}
