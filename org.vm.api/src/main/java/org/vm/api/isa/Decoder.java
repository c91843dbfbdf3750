package org.vm.api.isa;

import java.util.List;

/** Turns code into rows. Stateless; safe for use by several threads. */
public interface Decoder {
    /**
     * Decodes the instruction at {@code pc}. Bits that are no instruction decode to a row that raises the
     * architecture's illegal-instruction trap.
     *
     * @return the rows of one instruction in order of execution; the last one carries its length
     * @throws org.vm.api.cpu.GuestTrap if {@code code} throws it
     */
    List<DecodedRow> decode(CodeReader code, long pc);
}
