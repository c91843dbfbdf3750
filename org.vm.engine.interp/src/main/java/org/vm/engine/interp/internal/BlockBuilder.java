package org.vm.engine.interp.internal;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.vm.api.cpu.Cpu;
import org.vm.api.cpu.GuestTrap;
import org.vm.api.isa.CodeReader;
import org.vm.api.isa.DecodedRow;
import org.vm.api.isa.Decoder;
import org.vm.api.isa.Operand;
import org.vm.api.isa.Result;
import org.vm.api.isa.Row;
import org.vm.isa.CodeRecorder;

/** Decodes blocks, and makes fused operations of those that are entered often. */
final class BlockBuilder {
    /** Rows of a block; with 4 bytes each their offsets stay below 128 parcels. */
    private static final int MAX_ROWS = 60;
    private static final int PAGE = 4096;

    private final Cpu cpu;
    private final OpFactory factory;
    private final int maxFused;
    private final CodeReader memory;
    private boolean calculatedJump;
    /** Decoders by context; few. */
    private Decoder[] decoders = new Decoder[0];

    BlockBuilder(Cpu cpu, OpFactory factory, int maxFused) {
        this.cpu = cpu;
        this.factory = factory;
        this.maxFused = maxFused;
        this.memory = cpu.mmu::fetch16;
    }

    private Decoder decoder(int context) {
        if (context >= decoders.length) {
            decoders = Arrays.copyOf(decoders, context + 1);
        }
        if (decoders[context] == null) {
            decoders[context] = cpu.instructionSet().decoder(context);
        }
        return decoders[context];
    }

    /**
     * The block at {@code pc}, which has just been translated.
     *
     * @throws GuestTrap if its first instruction cannot be fetched
     */
    Block build(long pc, long physical, int context) {
        Decoder decoder = decoder(context);
        CodeRecorder recorder = new CodeRecorder(memory, pc);
        List<DecodedRow> rows = new ArrayList<>();
        byte[] offsets = new byte[MAX_ROWS + 8];
        boolean open = true;
        boolean stops = false;
        long at = pc;
        long limit = (pc & -PAGE) + PAGE;
        while (open && rows.size() < MAX_ROWS) {
            List<DecodedRow> decoded;
            try {
                decoded = decoder.decode(recorder, at);
            } catch (GuestTrap trap) {
                if (rows.isEmpty()) {
                    throw trap;
                }
                break;
            }
            int length = decoded.getLast().length();
            if (!rows.isEmpty() && (at + length > limit || stops(decoded))) {
                break;
            }
            for (int i = 0; open && i < decoded.size(); i++) {
                offsets[rows.size()] = (byte) (at - pc >> 1);
                rows.add(decoded.get(i));
                open = !decoded.get(i).row().endsBlock();
                stops |= decoded.get(i).row().stops();
                at += decoded.get(i).length();
            }
            // The end of the page ends the block, and so does an instruction that straddles it.
            open &= at < limit;
        }
        offsets[rows.size()] = (byte) (at - pc >> 1);
        calculatedJump = isCalculatedJump(rows.getLast().row());
        Op[] ops = new Op[rows.size() + (falls(rows) ? 1 : 0)];
        for (int i = 0; i < rows.size(); i++) {
            ops[i] = factory.single(rows.get(i), pc + 2 * offsets[i]);
        }
        if (falls(rows)) {
            ops[rows.size()] = new GotoOp(at);
        }
        // A row without length is there because of the instruction that the decoder saw.
        long end = at == pc ? recorder.end() : at;
        long secondPage = end > limit ? cpu.mmu.translateFetch(limit) : BlockCode.NONE;
        BlockCode code = new BlockCode(recorder.parcels(end), Arrays.copyOf(offsets, rows.size() + 1), secondPage);
        return new Block(pc, physical, context, stops, cpu.codeEpoch, code, ops);
    }

    private static boolean stops(List<DecodedRow> rows) {
        for (DecodedRow row : rows) {
            if (row.row().stops()) {
                return true;
            }
        }
        return false;
    }

    /** Whether the last block built ends in a jump to where a register says. */
    boolean endsInCalculatedJump() {
        return calculatedJump;
    }

    private static boolean isCalculatedJump(Row row) {
        return row.result() instanceof Result.Jump
                && row.operands().stream().anyMatch(operand -> operand instanceof Operand.Register);
    }

    private static boolean falls(List<DecodedRow> rows) {
        return !rows.getLast().row().endsBlock();
    }

    /** Replaces the operations of a block by fused ones. */
    void fuse(Block block) {
        if (block.stops || block.straddles) {
            return;
        }
        List<DecodedRow> rows = new ArrayList<>();
        CodeReader own = address -> block.code.parcels[(int) (address - block.pc >> 1)] & 0xFFFF;
        for (long at = block.pc; rows.size() < block.code.offsets.length - 1; at += rows.getLast().length()) {
            rows.addAll(decoder(block.context).decode(own, at));
        }
        boolean falls = falls(rows);
        int groups = (rows.size() + maxFused - 1) / maxFused;
        List<Op> ops = new ArrayList<>();
        byte[] firstRow = new byte[groups + rows.size() + 1];
        int fusedCount = 0;
        int from = 0;
        for (int group = 0; group < groups; group++) {
            int to = rows.size() * (group + 1) / groups;
            boolean last = group == groups - 1;
            List<DecodedRow> part = rows.subList(from, to);
            long[] pcs = new long[part.size()];
            for (int i = 0; i < pcs.length; i++) {
                pcs[i] = block.pcOf(from + i);
            }
            Op fused = part.size() > 1 ? factory.fused(part, pcs, falls && last) : null;
            if (fused != null) {
                firstRow[ops.size()] = (byte) from;
                ops.add(fused);
                fusedCount += block.code.retiredBefore(to) - block.code.retiredBefore(from);
            } else {
                for (int i = 0; i < pcs.length; i++) {
                    firstRow[ops.size()] = (byte) (from + i);
                    ops.add(factory.single(part.get(i), pcs[i]));
                }
                if (falls && last) {
                    ops.add(new GotoOp(block.pcOf(rows.size())));
                }
            }
            from = to;
        }
        block.ops = ops.toArray(Op[]::new);
        block.code.firstRow = firstRow;
        block.code.fusedCount = fusedCount;
        block.code.fusedAt = block.entries();
    }
}
