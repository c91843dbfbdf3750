package org.vm.engine.interp.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.ValueLayout;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.vm.api.ConfigurationException;
import org.vm.api.ExecutionException;
import org.vm.api.cpu.ExecutionEngine;
import org.vm.api.cpu.ExitReason;
import org.vm.api.isa.Encoding;
import org.vm.api.memory.GuestMemory;
import org.vm.isa.Assembler;
import org.vm.isa.InstructionTable;
import org.vm.mmu.internal.SoftMmuFactory;

/** The interpreter knows no instruction set: it runs one that it has never seen, from wherever its classes come. */
class NeutralityTest {
    private final SoftMmuFactory mmus = new SoftMmuFactory();
    private final GuestMemory memory = mmus.memory(List.of(new GuestMemory.Region("ram", 0, 1 << 20, 0, true)));

    /** An instruction that a bundle brings; it uses a class of its own. */
    public static final class Extra {
        private Extra() {}

        public static final class Helper {
            private Helper() {}

            static long twice(long x) {
                return x + x;
            }
        }

        @Encoding("00001000 0000000000000000 ra rd 00")
        public static long twice(long ra) {
            return Helper.twice(ra);
        }
    }

    /** As a bundle's class loader: has its own copies of the classes, which nobody else sees. */
    private static final class Foreign extends ClassLoader {
        Foreign() {
            super(NeutralityTest.class.getClassLoader());
        }

        @Override
        protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
            if (!name.startsWith(Extra.class.getName())) {
                return super.loadClass(name, resolve);
            }
            Class<?> known = findLoadedClass(name);
            if (known != null) {
                return known;
            }
            try (InputStream in = NeutralityTest.class.getResourceAsStream("/" + name.replace('.', '/') + ".class")) {
                byte[] bytes = in.readAllBytes();
                return defineClass(name, bytes, 0, bytes.length);
            } catch (IOException e) {
                throw new ClassNotFoundException(name, e);
            }
        }
    }

    private CounterCpu cpu(String source, Class<?>... instructions) {
        CounterCpu cpu = new CounterCpu(mmus.mmu(memory, null, 16), instructions);
        byte[] code = new Assembler(InstructionTable.builder(List.of(CounterCpu.R)).add(instructions).build())
                .assemble(source).bytes();
        memory.segment().asSlice(0, code.length).copyFrom(java.lang.foreign.MemorySegment.ofArray(code));
        return cpu;
    }

    private static ExecutionEngine.Runner run(CounterCpu cpu, Interpreter engine) {
        ExecutionEngine.Runner runner = engine.runner(cpu);
        assertEquals(ExitReason.REQUESTED, runner.run(1_000_000));
        return runner;
    }

    @Test
    void anInstructionSetThatItHasNeverSeenRuns() {
        CounterCpu cpu = cpu("""
                        set     r1, 1000
                        set     r2, -1
                        set     r0, 0
                again:  plus    r0, r1, r0
                        plus    r1, r2, r1
                        loop    r1, again
                        link    r7
                        set     r0, 0           # skipped
                        set     r6, 4096
                        poke    r0, (r6)
                        halt
                """, Counter.class);
        ExecutionEngine.Runner runner = run(cpu, new Interpreter(100, 10, 4, 100));
        assertEquals(500500, cpu.registers[0]);
        assertEquals(500500, memory.segment().get(ValueLayout.JAVA_LONG, 4096));
        assertEquals(7 * 4, cpu.registers[7]);
        assertEquals(3 + 3 * 1000 + 4, cpu.retired);
        assertEquals(11 * 4, cpu.pc);
        assertTrue(runner.fused() > 2000, "fused " + runner.fused());
        assertTrue(runner.blocks().hitRate() > 0.9, runner.blocks().toString());
    }

    @Test
    void doublesPassThroughRegisters() {
        CounterCpu cpu = cpu("over r0, r1, r2\n halt", Counter.class);
        cpu.registers[1] = Double.doubleToRawLongBits(1);
        cpu.registers[2] = Double.doubleToRawLongBits(-4);
        run(cpu, new Interpreter());
        assertEquals(-0.25, Double.longBitsToDouble(cpu.registers[0]));
    }

    @Test
    void aTrapLeavesEverythingAsItWasBeforeTheInstruction() {
        CounterCpu cpu = cpu("set r0, 4096\n poke r0, (r0)\n set r6, -8\n poke r6, (r6)\n set r0, 6\n halt", Counter.class);
        run(cpu, new Interpreter(100, 1, 4, 100));
        assertEquals(12, cpu.trapPc);
        assertEquals(3, cpu.retired);
        assertEquals(4096, cpu.registers[0]);
    }

    @Test
    void illegalBitsRaiseTheInstructionSetsOwnTrap() {
        CounterCpu cpu = cpu("set r0, 5\n .word 0", Counter.class);
        run(cpu, new Interpreter());
        assertSame(CounterCpu.ILLEGAL, cpu.trap);
        assertEquals(4, cpu.trapPc);
    }

    @Test
    void anInstructionFromAForeignClassLoaderRuns() throws ClassNotFoundException {
        Class<?> extra = new Foreign().loadClass(Extra.class.getName());
        assertNotSame(Extra.class, extra);
        CounterCpu cpu = cpu("set r1, 21\n twice r0, r1\n plus r0, r0, r0\n halt", Counter.class, extra);
        run(cpu, new Interpreter(100, 1, 4, 100));
        assertEquals(84, cpu.registers[0]);
    }

    /** Operations name registers by bytes, or by more where there are more. */
    @Test
    void aFileOfRegistersMayBeLarge() {
        var row = InstructionTable.builder(List.of(CounterCpu.R)).add(Extra.class).build().rows().getFirst();
        for (int slots : new int[] {64, 128, 129, 1000}) {
            Op prototype = new GeneratedClasses(NeutralityTest.class.getClassLoader(), slots).prototype(Shape.single(row));
            long[] registers = new long[slots];
            registers[slots - 1] = 21;
            prototype.create(new int[] {slots - 1, slots - 2}, new long[0]).exec(registers, null);
            assertEquals(42, registers[slots - 2], slots + " slots");
        }
    }

    @Test
    void twoClassesOfOneNameAreRefusedWithTheirName() throws ClassNotFoundException {
        Class<?> one = new Foreign().loadClass(Extra.class.getName());
        Class<?> other = new Foreign().loadClass(Extra.class.getName());
        GeneratedClasses classes = new GeneratedClasses(NeutralityTest.class.getClassLoader(), 64);
        var first = InstructionTable.builder(List.of(CounterCpu.R)).add(one).build().rows().getFirst();
        var second = InstructionTable.builder(List.of(CounterCpu.R)).add(other).build().rows().getFirst();
        classes.prototype(new Shape(List.of(first), List.of(0, 1), false));
        var e = assertThrows(ExecutionException.class, () -> classes.prototype(new Shape(List.of(second), List.of(0, 1), false)));
        assertTrue(e.getMessage().contains(Extra.class.getName()), e.getMessage());
    }

    @Test
    void settingsThatCannotWorkAreRefused() {
        assertThrows(ConfigurationException.class, () -> new Interpreter(1, 1000, 4, 100));
        assertThrows(ConfigurationException.class, () -> new Interpreter(1000, 0, 4, 100));
    }
}
