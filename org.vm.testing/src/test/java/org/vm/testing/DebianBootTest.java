package org.vm.testing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.vm.api.VmException;
import org.vm.guest.FetchOptions;
import org.vm.guest.GuestImage;
import org.vm.guest.Progress;
import org.vm.guest.internal.DebianGuests;

/** Debian's own kernel and firmware, unmodified. Skipped where they are not cached and cannot be fetched. */
class DebianBootTest {
    private static final Duration BOOT = Duration.ofMinutes(5);
    private static final Duration COMMAND = Duration.ofMinutes(1);
    private static final String PROMPT = "root@linux:~# ";

    private static GuestImage image(String name) {
        try {
            return DebianGuests.local().prepare(name, FetchOptions.DEFAULT, Progress.SILENT);
        } catch (VmException e) {
            return Assumptions.abort("guest '" + name + "' cannot be had here: " + e.getMessage());
        }
    }

    private static GuestMachine.Builder machine(GuestImage image) {
        GuestMachine.Builder builder = GuestMachine.virt().memory(512L << 20).append(image.append());
        image.kernel().ifPresent(builder::kernel);
        image.initrd().ifPresent(builder::initrd);
        image.firmware().ifPresent(builder::firmware);
        return builder;
    }

    /** Types a command and returns what it printed. */
    private static String run(GuestMachine guest, String command) {
        guest.type(command + "; echo do''ne\n");
        String output = guest.expect("done\r\n", COMMAND);
        guest.expect(PROMPT, COMMAND);
        return output.substring(output.indexOf('\n') + 1);
    }

    private static void powerOff(GuestMachine guest) {
        guest.type("poweroff -f\n");
        assertEquals(0, guest.awaitEnd(COMMAND));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 4})
    void linuxBootsToAShellWithTheBuiltInFirmware(int harts) {
        try (GuestMachine guest = machine(image("linux")).vcpus(harts).start()) {
            guest.expect(PROMPT, BOOT);
            assertEquals(Integer.toString(harts), run(guest, "nproc").strip());
            assertTrue(run(guest, "uname -m").startsWith("riscv64"));
            powerOff(guest);
        }
    }

    @Test
    void linuxBootsThroughOpenSbiAndCanReboot() {
        try (GuestMachine guest = machine(image("opensbi")).vcpus(2).start()) {
            guest.expect("OpenSBI v", BOOT);
            guest.expect(PROMPT, BOOT);
            guest.type("reboot -f\n");
            guest.expect("OpenSBI v", BOOT);
            guest.expect(PROMPT, BOOT);
            assertEquals("2", run(guest, "nproc").strip());
            powerOff(guest);
        }
    }

    @Test
    void ubootReachesItsPromptAndPowersOff() {
        try (GuestMachine guest = machine(image("u-boot")).start()) {
            guest.expect("Hit any key to stop autoboot", BOOT);
            guest.type("\n");
            guest.expect("=> ", COMMAND);
            guest.type("version\n");
            guest.expect("U-Boot 20", COMMAND);
            guest.expect("=> ", COMMAND);
            guest.type("poweroff\n");
            assertEquals(0, guest.awaitEnd(COMMAND));
        }
    }
}
