package template.pci;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.vm.api.bus.Mapping;
import org.vm.testing.GuestMachine;

/** In a machine, by configuration space, as a guest finds it. */
class MySensorTest {
    private static final long CONFIGURATION = 0x3000_0000L + (0x1e << 15);
    private static final int BAR = 0x4000_0000;

    private final GuestMachine guest = GuestMachine.virt().memory(16 << 20).function(new MySensor("my-sensor", 30_000), "00:1e").build();

    @BeforeEach
    void placeTheRegisters() {
        write(CONFIGURATION + 0x10, BAR);
        write(CONFIGURATION + 0x04, 2); // memory space
    }

    @AfterEach
    void close() {
        guest.close();
    }

    private long read(long address) {
        Mapping mapping = guest.machine().bus().find(address);
        return mapping.device().read(address - mapping.base(), 4);
    }

    private void write(long address, long value) {
        Mapping mapping = guest.machine().bus().find(address);
        mapping.device().write(address - mapping.base(), 4, value);
    }

    @Test
    void theCardIsFound() {
        assertEquals(MySensor.DEVICE << 16 | MySensor.VENDOR, read(CONFIGURATION));
    }

    @Test
    void theTemperatureIsReadWhereTheGuestHasPutTheRegisters() {
        assertEquals(30_000, read(BAR + MySensor.TEMPERATURE));
        write(BAR + MySensor.LIMIT, 40_000);
        assertEquals(40_000, read(BAR + MySensor.LIMIT));
        assertEquals(0, read(BAR + 0xc), "there is no such register");
    }
}
