package org.vm.device.riscv.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.stream.Stream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tuple;
import org.vm.api.bus.Mapping;
import org.vm.api.device.MmioDevice;

/** Whatever a guest does to registers, nothing is thrown, and a narrow read returns no more bits than were asked for. */
class HostileRegistersTest {
    record Access(long where, int width, long value, boolean write, int advance) {}

    @Provide
    Arbitrary<List<Access>> accesses() {
        Arbitrary<Long> where = Arbitraries.frequencyOf(Tuple.of(3, Arbitraries.longs().between(0, 0x40)),
                Tuple.of(2, Arbitraries.longs().between(0, Long.MAX_VALUE)),
                Tuple.of(1, Arbitraries.longs().between(0x200000, 0x204100)),
                Tuple.of(2, Arbitraries.longs().between(0, 0x4100)));
        return Combinators.combine(where, Arbitraries.of(1, 2, 4, 8), Arbitraries.longs(), Arbitraries.of(true, false),
                Arbitraries.integers().between(0, 1_000_000)).as(Access::new).list().ofMaxSize(200);
    }

    @Property(tries = 200)
    void anyAccessIsSurvived(@ForAll("accesses") List<Access> accesses) {
        for (MmioDevice device : List.of(new Clint("clint"), new Plic("plic", 1023), new AclintSwi("sswi", 1),
                new AclintMtimer("mtimer", 0), new GoldfishRtc("rtc"), new Syscon("syscon"),
                new Uart16550("uart", new FakeConsole()), new Imsic("imsic"), new Aplic("aplic", 1023, false),
                new Aplic("aplic", 7, true))) {
            FakeMachine machine = new FakeMachine(3);
            device.attach(machine);
            // What it maps itself, too.
            List<MmioDevice> parts = Stream.concat(Stream.of(device), machine.mappings().stream().map(Mapping::device)).toList();
            for (Access access : accesses) {
                for (MmioDevice part : parts) {
                    apply(access, part);
                }
                machine.advance(access.advance());
            }
            device.info();
            device.detach();
        }
    }

    private static void apply(Access access, MmioDevice device) {
        int width = access.width();
        long offset = access.where() % (device.size() - width + 1);
        long mask = width == 8 ? -1 : (1L << width * 8) - 1;
        if (access.write()) {
            device.write(offset, width, access.value() & mask);
        } else {
            assertEquals(0, device.read(offset, width) & ~mask, device.name() + " at " + offset);
        }
    }
}
