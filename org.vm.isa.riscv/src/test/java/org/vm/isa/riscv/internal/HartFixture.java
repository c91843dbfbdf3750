package org.vm.isa.riscv.internal;

import java.io.ByteArrayOutputStream;
import java.lang.foreign.ValueLayout;
import java.lang.reflect.InvocationTargetException;
import java.util.ArrayList;
import java.util.List;
import org.vm.api.bus.Bus;
import org.vm.api.bus.Mapping;
import org.vm.api.cpu.Cpu;
import org.vm.api.cpu.CpuPlatform;
import org.vm.api.cpu.ExitReason;
import org.vm.api.cpu.GuestTrap;
import org.vm.api.device.MmioDevice;
import org.vm.api.isa.DecodedRow;
import org.vm.api.isa.Operand;
import org.vm.api.isa.Result;
import org.vm.api.memory.GuestMemory;
import org.vm.api.time.MachineClock;
import org.vm.mmu.internal.SoftMmuFactory;

/** Harts with real MMUs over some RAM, and the plainest way to run them: one row after the other, by reflection. */
final class HartFixture implements CpuPlatform, AutoCloseable {
    static final long RAM = 0x8000_0000L;
    static final long SIZE = 1 << 20;

    private static final RiscvInstructionSet ISA = new RiscvInstructionSet(List.of());

    final ManualClock clock = new ManualClock();
    final GuestMemory memory;
    final List<Hart> harts = new ArrayList<>();
    final Hart hart;
    final ByteArrayOutputStream console = new ByteArrayOutputStream();
    final List<Byte> typed = new ArrayList<>();
    final List<Integer> powerOffs = new ArrayList<>();
    int resets;
    private final boolean builtinFirmware;

    /** Harts in M-mode at the start of RAM. */
    static HartFixture bare() {
        return new HartFixture(1, false);
    }

    /** Harts as the built-in firmware leaves them: the first in S-mode at the start of RAM, the others stopped. */
    static HartFixture withFirmware(int count) {
        HartFixture fixture = new HartFixture(count, true);
        fixture.harts.forEach(hart -> new RiscvArchitecture().boot(hart, RAM, 0x1234));
        return fixture;
    }

    private HartFixture(int count, boolean builtinFirmware) {
        this.builtinFirmware = builtinFirmware;
        SoftMmuFactory mmus = new SoftMmuFactory();
        memory = mmus.memory(List.of(new GuestMemory.Region("ram", RAM, SIZE, 0, true)));
        for (int id = 0; id < count; id++) {
            harts.add(new Hart(id, ISA, mmus.mmu(memory, new EmptyBus(), 64), this));
        }
        hart = harts.getFirst();
        hart.pc = RAM;
    }

    /** Lays instructions at the hart's pc and executes as many of them. */
    void run(int... instructions) {
        code(hart.pc, instructions);
        for (int i = 0; i < instructions.length; i++) {
            step(hart);
        }
    }

    /** Lays instructions of 32 bits at a physical address. */
    void code(long address, int... instructions) {
        for (int i = 0; i < instructions.length; i++) {
            memory.segment().set(ValueLayout.JAVA_INT_UNALIGNED, address - RAM + 4L * i, instructions[i]);
        }
    }

    long peek(long address) {
        return memory.segment().get(ValueLayout.JAVA_LONG_UNALIGNED, address - RAM);
    }

    void poke(long address, long value) {
        memory.segment().set(ValueLayout.JAVA_LONG_UNALIGNED, address - RAM, value);
    }

    /** Attends if asked to, then executes one instruction, unless the hart has a reason not to. */
    static ExitReason step(Hart hart) {
        if (hart.attention()) {
            ExitReason reason = hart.attend();
            if (reason != ExitReason.CONTINUE) {
                return reason;
            }
        }
        long pc = hart.pc;
        try {
            boolean retired = false;
            while (!retired && hart.pc == pc) {
                for (DecodedRow row : ISA.decoder(hart.context()).decode(hart.mmu::fetch16, pc)) {
                    execute(hart, row, pc);
                    retired |= row.length() != 0;
                }
            }
            hart.retired++;
        } catch (GuestTrap trap) {
            hart.deliver(trap, pc);
        }
        return ExitReason.CONTINUE;
    }

    private static void execute(Hart hart, DecodedRow decoded, long pc) {
        List<Operand> operands = decoded.row().operands();
        Object[] arguments = new Object[operands.size()];
        Class<?>[] types = decoded.row().method().getParameterTypes();
        for (int i = 0; i < arguments.length; i++) {
            long value = decoded.values()[i];
            arguments[i] = switch (operands.get(i)) {
                case Operand.Register r -> convert(hart.registers[(int) value], types[i]);
                case Operand.Immediate im -> convert(value, types[i]);
                case Operand.Pc p -> pc;
                case Operand.Length l -> convert(decoded.length(), types[i]);
                case Operand.Bits b -> convert(decoded.bits(), types[i]);
                case Operand.State s -> hart;
                case Operand.Memory m -> hart.mmu;
            };
        }
        Object result = invoke(decoded, arguments);
        long next = pc + decoded.length();
        switch (decoded.row().result()) {
            case Result.None n -> { }
            case Result.Write w -> hart.registers[decoded.destination()] =
                    result instanceof Double d ? Double.doubleToRawLongBits(d) : (Long) result;
            case Result.Branch b -> next = (Boolean) result ? pc + decoded.displacement() : next;
            case Result.Jump j -> {
                if (decoded.destination() >= 0) {
                    hart.registers[decoded.destination()] = next;
                }
                next = (Long) result;
            }
        }
        hart.pc = next;
    }

    private static Object convert(long value, Class<?> type) {
        if (type == int.class) {
            return (int) value;
        }
        return type == double.class ? (Object) Double.longBitsToDouble(value) : (Object) value;
    }

    private static Object invoke(DecodedRow decoded, Object[] arguments) {
        try {
            return decoded.row().method().invoke(null, arguments);
        } catch (InvocationTargetException e) {
            if (e.getCause() instanceof GuestTrap trap) {
                throw trap;
            }
            throw new AssertionError(decoded.row() + " failed", e.getCause());
        } catch (IllegalAccessException e) {
            throw new AssertionError(decoded.row() + " cannot be called", e);
        }
    }

    @Override
    public MachineClock clock() {
        return clock;
    }

    @Override
    public long timebase() {
        return 10_000_000;
    }

    @Override
    public List<? extends Cpu> cpus() {
        return harts;
    }

    @Override
    public boolean builtinFirmware() {
        return builtinFirmware;
    }

    @Override
    public void powerOff(int status) {
        powerOffs.add(status);
    }

    @Override
    public void reset() {
        resets++;
    }

    @Override
    public void debugWrite(byte value) {
        console.write(value);
    }

    @Override
    public int debugRead() {
        return typed.isEmpty() ? -1 : typed.removeFirst();
    }

    @Override
    public void close() {
        memory.close();
    }

    /** No device anywhere. */
    private static final class EmptyBus implements Bus {
        @Override
        public Mapping find(long address) {
            return null;
        }

        @Override
        public List<Mapping> mappings() {
            return List.of();
        }

        @Override
        public Mapping map(long base, MmioDevice device) {
            throw new UnsupportedOperationException("this bus stays empty");
        }

        @Override
        public void unmap(Mapping mapping) {
            throw new UnsupportedOperationException("this bus stays empty");
        }
    }
}
