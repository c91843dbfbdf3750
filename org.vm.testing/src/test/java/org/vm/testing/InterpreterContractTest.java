package org.vm.testing;

import org.junit.jupiter.api.Nested;
import org.vm.api.cpu.ExecutionEngine;
import org.vm.engine.interp.internal.Interpreter;

/** The interpreter keeps the engine contract however it is set. */
class InterpreterContractTest {
    @Nested
    class AsInstalled extends EngineContract {
        @Override
        protected ExecutionEngine engine() {
            return new Interpreter();
        }
    }

    @Nested
    class WithoutFusion extends EngineContract {
        @Override
        protected ExecutionEngine engine() {
            return new Interpreter(65536, 1000, 1, 0);
        }
    }

    @Nested
    class FusingAtOnce extends EngineContract {
        @Override
        protected ExecutionEngine engine() {
            return new Interpreter(65536, 1, 4, 4096);
        }
    }

    @Nested
    class FusingWholeBlocks extends EngineContract {
        @Override
        protected ExecutionEngine engine() {
            return new Interpreter(65536, 3, 64, 4096);
        }
    }

    /** More blocks than the cache holds, and fewer classes than there is use for. */
    @Nested
    class ShortOfEverything extends EngineContract {
        @Override
        protected ExecutionEngine engine() {
            return new Interpreter(16, 2, 3, 2);
        }
    }
}
