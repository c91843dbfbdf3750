package org.vm.testing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.vm.api.ExecMode;
import org.vm.engine.interp.internal.Interpreter;
import org.vm.engine.jit.internal.JitEngine;
import org.vm.machine.internal.VirtualMachine;

/** The way that a guest is executed changes under it, and it notices nothing. */
class ModeChangeTest {
    private static final Path IMAGE = Path.of("../org.vm.guest.builtin/target/builtin.img");
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final int CHANGES = 100;

    @ParameterizedTest
    @ValueSource(ints = {1, 3})
    void aHundredChangesBetweenModesDoNotDisturbAGuest(int vcpus) {
        Interpreter interpreter = new Interpreter();
        try (JitEngine hybrid = new JitEngine(interpreter, ExecMode.HYBRID, 5);
                JitEngine jit = new JitEngine(interpreter, ExecMode.JIT, 1);
                GuestMachine guest = GuestMachine.virt().vcpus(vcpus).kernel(IMAGE).engine(interpreter).start()) {
            VirtualMachine machine = guest.machine();
            machine.engines(List.of(hybrid, jit, interpreter));
            guest.expect("> ", PATIENCE);
            for (int i = 0; i < CHANGES; i++) {
                if (i % 5 == 0) {
                    guest.type("check\r");
                }
                ExecMode mode = i % 20 == 19 ? ExecMode.JIT : i % 2 == 0 ? ExecMode.INTERPRETER : ExecMode.HYBRID;
                machine.mode(mode);
                assertEquals(mode.text(), machine.engine());
                assertEquals(mode == ExecMode.INTERPRETER, machine.translated().isEmpty());
                if (i % 5 == 4) {
                    guest.expect("check other harts ........ ok\r\n", PATIENCE);
                    guest.expect("> ", PATIENCE);
                }
            }
            guest.type("\004");
            assertEquals(0, guest.awaitEnd(PATIENCE));
            String output = guest.console().output();
            assertFalse(output.contains("FAILED"), output);
            assertTrue(output.split("check other harts ........ ok", -1).length >= CHANGES / 5, output);
        }
    }
}
