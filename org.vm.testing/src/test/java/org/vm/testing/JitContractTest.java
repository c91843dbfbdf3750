package org.vm.testing;

import org.junit.jupiter.api.Nested;
import org.vm.api.ExecMode;
import org.vm.api.cpu.ExecutionEngine;
import org.vm.engine.interp.internal.Interpreter;
import org.vm.engine.jit.internal.JitEngine;

/** The JIT keeps the engine contract, whether it translates at once or what is hot. */
class JitContractTest {
    @Nested
    class TranslatingAtOnce extends EngineContract {
        @Override
        protected ExecutionEngine engine() {
            return new JitEngine(new Interpreter(), ExecMode.JIT, 1);
        }
    }

    @Nested
    class TranslatingInTheBackground extends EngineContract {
        @Override
        protected ExecutionEngine engine() {
            return new JitEngine(new Interpreter(), ExecMode.HYBRID, 5);
        }
    }
}
