/* SPDX-License-Identifier: Apache-2.0 */
/* What the proofs of delivery say in words. */
#include "sink.h"

#include "os_socket.h"

const char *sink_proof_text(enum sink_proof proof)
{
    switch (proof) {
    case PROOF_NONE:
        return "nothing: sent, best effort";
    case PROOF_WRITTEN:
        return "written to the file, not yet synced to disk";
    case PROOF_TCP_ACK:
        return os_sockets_tell_acknowledged() ? "the peer's TCP acknowledged the bytes; what its program had "
                                                "not yet read is lost if it dies"
                                              : "handed to this system's TCP; what the peer had not yet read "
                                                "is lost if the connection breaks";
    case PROOF_TCP_REPLAY:
        return os_sockets_tell_acknowledged() ? "the peer's TCP acknowledged the bytes; after a broken "
                                                "connection the last replay_tail bytes "
                                                "are sent again"
                                              : "handed to this system's TCP; after a broken connection the "
                                                "last replay_tail bytes are sent again";
    case PROOF_FSYNC:
        return "on disk (fsync)";
    case PROOF_APPLICATION:
        return "the receiving program confirmed it";
    case PROOF_REPLICATED:
        return "every in-sync replica confirmed it (acks=all)";
    case PROOF_COMMITTED:
        return "every in-sync replica has it, exactly once for consumers that read committed data only";
    }
    return "";
}
