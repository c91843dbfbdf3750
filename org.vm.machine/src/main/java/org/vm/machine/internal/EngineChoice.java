package org.vm.machine.internal;

import java.util.Comparator;
import java.util.List;
import org.vm.api.ExecMode;
import org.vm.api.cpu.ExecutionEngine;

/**
 * Which of the engines that are there runs a machine: the best one for the mode that is wanted, else the best interpreter,
 * else the best of all. Changed under its own lock; read by any thread.
 */
final class EngineChoice {
    private volatile ExecMode mode;
    private volatile List<ExecutionEngine> offered = List.of();
    private volatile ExecutionEngine chosen;

    EngineChoice(ExecMode mode) {
        this.mode = mode;
    }

    /** @param engines best first */
    void offer(List<ExecutionEngine> engines) {
        offered = List.copyOf(engines);
        choose();
    }

    void want(ExecMode wanted) {
        mode = wanted;
        choose();
    }

    private void choose() {
        // The order of the list decides among equals.
        chosen = offered.stream().min(Comparator.comparingInt(this::distance)).orElse(null);
    }

    private int distance(ExecutionEngine engine) {
        return engine.mode() == mode ? 0 : engine.mode() == ExecMode.INTERPRETER ? 1 : 2;
    }

    ExecMode mode() {
        return mode;
    }

    /** The engine, or {@code null} if there is none at all. */
    ExecutionEngine chosen() {
        return chosen;
    }

    @Override
    public String toString() {
        ExecutionEngine engine = chosen;
        ExecMode wanted = mode;
        if (engine == null) {
            return "none: no engine for mode " + wanted.text() + " is installed";
        }
        return engine.mode() == wanted ? engine.name()
                : engine.name() + " (no engine for mode " + wanted.text() + " is installed)";
    }
}
