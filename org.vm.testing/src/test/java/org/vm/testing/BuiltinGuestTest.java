package org.vm.testing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The guest that comes with the distribution checks the machine from the inside. */
class BuiltinGuestTest {
    private static final Path IMAGE = Path.of("../org.vm.guest.builtin/target/builtin.img");
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 4})
    void everyCheckOfTheGuestPassesAndItEndsWithItsInput(int vcpus) {
        try (GuestMachine guest = GuestMachine.virt().vcpus(vcpus).kernel(IMAGE).start()) {
            guest.expect("> ", PATIENCE);
            guest.type("echo still here\r");
            guest.expect("still here\r\n> ", PATIENCE);
            guest.type("\004");
            assertEquals(0, guest.awaitEnd(PATIENCE));
            String output = guest.console().output();
            assertTrue(output.contains("harts   " + vcpus), output);
            assertTrue(output.contains("check other harts ........ ok"), output);
            assertFalse(output.contains("FAILED"), output);
        }
    }

    @Test
    void whatWasTypedBeforeTheGuestListensIsNotLost() {
        try (GuestMachine guest = GuestMachine.virt().kernel(IMAGE).start()) {
            guest.type("echo one\recho two and a line that is longer than the FIFO\rinfo\r\004");
            assertEquals(0, guest.awaitEnd(PATIENCE));
            String output = guest.console().output();
            assertTrue(output.contains("\ntwo and a line that is longer than the FIFO\r\n"), output);
        }
    }
}
