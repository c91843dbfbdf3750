package org.vm.api.cpu;

import java.util.Optional;
import org.vm.api.ExecMode;
import org.vm.api.VmConfig;

/**
 * Service that runs CPUs of any architecture. The best-ranked one that offers a machine's {@link ExecMode} runs it; while
 * there is none, the best-ranked interpreter does.
 */
public interface ExecutionEngine {
    String name();

    ExecMode mode();

    /** Something that runs {@code cpu}; used by one thread at a time. */
    Runner runner(Cpu cpu);

    /** As {@link #runner(Cpu)}, for a CPU of a machine whose settings the engine may care for. */
    default Runner runner(Cpu cpu, VmConfig machine) {
        return runner(cpu);
    }

    interface Runner extends AutoCloseable {
        /**
         * Runs until there is a reason to come back; all state is in the {@link Cpu} then.
         *
         * @param budget instructions after which to return {@link ExitReason#BUDGET}, give or take a block
         */
        ExitReason run(long budget);

        /** Blocks and fused operations so far; any thread, values may be a little old. */
        org.vm.api.CacheStats blocks();

        /** Instructions that ran as a part of a fused operation. */
        long fused();

        /** What is translated for the CPU's machine, if the engine translates. */
        default Optional<TranslatedCode> translated() {
            return Optional.empty();
        }

        /** Forgets all decoded or translated code. On the runner's thread. */
        void flush();

        @Override
        void close();
    }
}
