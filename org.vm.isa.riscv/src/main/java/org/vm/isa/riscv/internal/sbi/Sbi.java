package org.vm.isa.riscv.internal.sbi;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.vm.isa.riscv.internal.Hart;

/** The supervisor execution environment that the monitor itself offers (RISC-V Supervisor Binary Interface, 2.0). */
public final class Sbi {
    private static final int FUNCTION = Hart.A0 + 6;
    private static final int EXTENSION = Hart.A0 + 7;

    private final Map<Integer, SbiExtension> extensions = new TreeMap<>();
    private final Hart hart;
    private final SbiCall call;

    public Sbi(Hart hart) {
        this.hart = hart;
        this.call = new SbiCall(hart);
        for (SbiExtension extension : List.of(new BaseExtension(this), new TimeExtension(), new IpiExtension(),
                new RemoteFenceExtension(), new HartStateExtension(), new SystemResetExtension(),
                new DebugConsoleExtension())) {
            extensions.put(extension.id(), extension);
        }
    }

    boolean offers(long extension) {
        return extension == (int) extension && extensions.containsKey((int) extension);
    }

    /**
     * Answers the call in the caller's registers.
     *
     * @param next pc after the {@code ecall}
     * @return the next pc: {@code next}, but for a suspension that resumes elsewhere
     */
    public long call(long next) {
        hart.pc = next;
        SbiExtension extension = extensions.get((int) hart.registers[EXTENSION]);
        SbiResult result = extension == null
                ? SbiResult.NOT_SUPPORTED
                : extension.call(hart, (int) hart.registers[FUNCTION], call);
        if (result != null) {
            hart.registers[Hart.A0] = result.error();
            hart.registers[Hart.A1] = result.value();
        }
        return hart.pc;
    }
}
