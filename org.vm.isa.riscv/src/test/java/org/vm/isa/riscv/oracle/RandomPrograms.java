package org.vm.isa.riscv.oracle;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import org.vm.api.isa.Encoding;
import org.vm.api.isa.Operand;
import org.vm.api.isa.Result;
import org.vm.api.isa.Row;
import org.vm.isa.riscv.internal.FloatOperands;

/**
 * Programs of random instructions, one after the other in one image. Each starts with random registers, works on memory
 * of its own, has branches, jumps and a loop, and leaves all its registers in its memory. Reproducible by seed.
 */
final class RandomPrograms {
    private static final int FCSR = 0x003;
    private static final int FRM = 0x002;
    private static final int FFLAGS = 0x001;

    /** Registers that programs do not write: bases of their memory, a loop's counter, where registers are kept. */
    private static final int SP = 2;
    private static final int MEMORY = 8;
    private static final int ALIGNED = 9;
    private static final int COUNTER = 30;
    private static final int STATE = 31;
    private static final Set<Integer> RESERVED = Set.of(SP, MEMORY, ALIGNED, COUNTER, STATE);

    /** x0 to x31, f0 to f31, fcsr; behind it the memory, with {@link #MEMORY} in its middle. */
    static final int STATE_SIZE = 65 * 8;
    private static final int SCRATCH_SIZE = 4096 + 32;
    static final int DATA_SIZE = STATE_SIZE + SCRATCH_SIZE;

    private record Form(Row row, Template template) {
        boolean reads(Class<? extends Operand> kind) {
            return row.operands().stream().anyMatch(kind::isInstance);
        }
    }

    /**
     * Some instructions that stay together.
     *
     * @param skip how many of the following units a jump in it passes over
     */
    private record Unit(int size, int skip, Writer writer) {}

    private interface Writer {
        /** @param target where the jump goes */
        void write(Code code, int target);
    }

    private final List<Form> forms = new ArrayList<>();
    private final SplittableRandom random;
    private final FloatOperands doubles;
    private final FloatOperands singles;

    RandomPrograms(long seed) {
        random = new SplittableRandom(seed);
        doubles = FloatOperands.doubles(seed);
        singles = FloatOperands.singles(seed);
        for (Row row : InterpretedHart.ISA.rows()) {
            for (Encoding encoding : row.method().getAnnotationsByType(Encoding.class)) {
                boolean movesStack = encoding.fixed().contains("rd=2");
                if (Oracle.knows(row, encoding) && !movesStack) {
                    forms.add(new Form(row, new Template(encoding)));
                }
            }
        }
    }

    /** Where the programs of an image are. */
    record Layout(Code code, int[] starts, int end, int data) {
        int dataOf(int program) {
            return data + program * DATA_SIZE;
        }
    }

    Layout generate(int count) {
        int codeSize = 4096 + count * 3072 & -4096;
        Code code = new Code(codeSize + count * DATA_SIZE);
        int[] starts = new int[count];
        for (int i = 0; i < count; i++) {
            starts[i] = code.position();
            writeProgram(code, Code.ORIGIN + codeSize + (long) i * DATA_SIZE);
        }
        int end = code.position();
        code.exit(5);
        if (code.position() > codeSize) {
            throw new IllegalStateException("the programs take " + code.position() + " of " + codeSize + " bytes");
        }
        for (int i = 0; i < count; i++) {
            writeData(code.buffer().position(codeSize + i * DATA_SIZE), Code.ORIGIN + codeSize + (long) i * DATA_SIZE);
        }
        return new Layout(code, starts, end, codeSize);
    }

    private void writeData(ByteBuffer out, long address) {
        for (int x = 0; x < 32; x++) {
            out.putLong(switch (x) {
                case SP, MEMORY, ALIGNED -> address + STATE_SIZE + SCRATCH_SIZE / 2;
                case STATE -> address;
                default -> random.nextInt(4) == 0 ? doubles.next() : doubles.nextInteger();
            });
        }
        for (int f = 0; f < 32; f++) {
            out.putLong(random.nextBoolean() ? doubles.next() : singles.next() | -1L << 32);
        }
        out.putLong(random.nextInt(5) << 5 | random.nextInt(32));
        for (int i = 0; i < SCRATCH_SIZE; i += 8) {
            out.putLong(random.nextInt(8) == 0 ? doubles.next() : random.nextLong());
        }
    }

    private void writeProgram(Code code, long data) {
        code.address(STATE, data);
        code.load(Code.LOAD, 1, STATE, 64 * 8).writeCsr(FCSR, 1);
        for (int i = 0; i < 32; i++) {
            code.load(Code.LOAD_FP, i, STATE, (32 + i) * 8);
        }
        for (int i = 1; i < STATE; i++) {
            code.load(Code.LOAD, i, STATE, i * 8);
        }
        writeUnits(code, units(random.nextInt(30)));
        if (random.nextBoolean()) {
            code.addi(COUNTER, 0, 1 + random.nextInt(random.nextInt(20) == 0 ? 2000 : 20));
            int loop = code.position();
            writeUnits(code, units(1 + random.nextInt(20)));
            code.addi(COUNTER, COUNTER, -1).branchNotEqual(COUNTER, 0, loop);
            writeUnits(code, units(random.nextInt(10)));
        }
        for (int i = 1; i < STATE; i++) {
            code.store(Code.STORE, i, STATE, i * 8);
        }
        for (int i = 0; i < 32; i++) {
            code.store(Code.STORE_FP, i, STATE, (32 + i) * 8);
        }
        code.readCsr(1, FCSR).store(Code.STORE, 1, STATE, 64 * 8);
    }

    private List<Unit> units(int count) {
        List<Unit> units = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            units.add(switch (random.nextInt(80)) {
                case 0, 1, 2, 3 -> csrAccess();
                case 4 -> call();
                case 5 -> patch();
                default -> unit(forms.get(random.nextInt(forms.size())));
            });
        }
        return units;
    }

    private static void writeUnits(Code code, List<Unit> units) {
        int[] starts = new int[units.size() + 1];
        starts[0] = code.position();
        for (int i = 0; i < units.size(); i++) {
            starts[i + 1] = starts[i] + units.get(i).size;
        }
        for (int i = 0; i < units.size(); i++) {
            units.get(i).writer.write(code, starts[Math.min(i + 1 + units.get(i).skip, units.size())]);
            if (code.position() != starts[i + 1]) {
                throw new IllegalStateException("unit of " + units.get(i).size + " bytes took "
                        + (code.position() - starts[i]));
            }
        }
    }

    private Unit unit(Form form) {
        Template template = form.template;
        if (form.row.result() instanceof Result.Branch
                || form.row.result() instanceof Result.Jump && template.has("imm") && !template.has("rs1")) {
            return directJump(template);
        }
        if (form.row.result() instanceof Result.Jump) {
            return indirectJump(template);
        }
        if (form.reads(Operand.Memory.class)) {
            return form.row.extension().equals("A") ? atomic(form) : access(template);
        }
        int bits = template.fill(this::choose);
        return new Unit(template.length(), 0, (code, target) -> code.instruction(bits, template.length()));
    }

    /** Reads and writes of fcsr and its parts that leave a valid rounding mode. */
    private Unit csrAccess() {
        int rd = destination(31) << 7;
        int bits = switch (random.nextInt(6)) {
            case 0 -> FCSR << 20 | 2 << 12 | rd | 0x73; // frcsr
            case 1 -> FRM << 20 | random.nextInt(5) << 15 | 5 << 12 | rd | 0x73; // fsrmi
            case 2 -> FFLAGS << 20 | random.nextInt(32) << 15 | 1 << 12 | rd | 0x73; // fsflags
            case 3 -> FFLAGS << 20 | random.nextInt(32) << 15 | 2 << 12 | rd | 0x73; // csrrs
            case 4 -> FFLAGS << 20 | random.nextInt(32) << 15 | 3 << 12 | rd | 0x73; // csrrc
            default -> FFLAGS << 20 | random.nextInt(32) << 15 | 5 + random.nextInt(3) << 12 | rd | 0x73;
        };
        return new Unit(4, 0, (code, target) -> code.word(bits));
    }

    /** A function of one instruction, called and returned from. */
    private Unit call() {
        int link = random.nextBoolean() ? 1 : 5;
        int body = calculation(link);
        return new Unit(16, 0, (code, target) -> {
            int start = code.position();
            code.jump(link, start + 8).jump(0, start + 16);
            code.word(body).word(link << 15 | 0x67); // jalr x0, 0(link)
        });
    }

    /** Code that changes code: puts one of two instructions in its own way, in a loop now this and now that. */
    private Unit patch() {
        int address = destination(31, true);
        int word = destination(31, true);
        while (word == address) {
            word = destination(31, true);
        }
        int value = word;
        int first = calculation(0);
        int second = calculation(0);
        return new Unit(40, 0, (code, target) -> {
            int start = code.position();
            code.word(address << 7 | 0x17); // auipc
            code.word(4 << 20 | COUNTER << 15 | 7 << 12 | value << 7 | 0x13); // andi value, counter, 4
            code.word(address << 20 | value << 15 | value << 7 | 0x33); // add value, value, address
            code.word(32 << 20 | value << 15 | 2 << 12 | value << 7 | 0x03); // lw value, 32(value)
            code.word(value << 20 | address << 15 | 2 << 12 | 24 << 7 | 0x23); // sw value, 24(address)
            code.word(0x0000_100F); // fence.i
            code.word(first).jump(0, start + 40);
            code.word(first).word(second);
        });
    }

    /** An instruction of 4 bytes that only calculates and leaves one register alone. */
    private int calculation(int spared) {
        while (true) {
            Form form = forms.get(random.nextInt(forms.size()));
            if (form.row.result() instanceof Result.Write && !form.reads(Operand.Memory.class)
                    && form.template.length() == 4) {
                int bits = form.template.fill(this::choose);
                if ((bits >> 7 & 31) != spared) {
                    return bits;
                }
            }
        }
    }

    private Unit directJump(Template template) {
        int seed = random.nextInt();
        return new Unit(template.length(), random.nextInt(4), (code, target) -> {
            SplittableRandom fields = new SplittableRandom(seed);
            int displacement = target - code.position();
            code.instruction(template.fill((field, mask) -> field.equals("imm") ? displacement
                    : choose(field, mask, fields)), template.length());
        });
    }

    /** The address is calculated into a register first. */
    private Unit indirectJump(Template template) {
        int register = destination(31, true);
        int link = destination(31);
        return new Unit(8 + template.length(), random.nextInt(4), (code, target) -> {
            int displacement = target - code.position();
            int part = template.has("imm") ? displacement / 2 : 0;
            code.word(register << 7 | 0x17); // auipc
            code.addi(register, register, displacement - part);
            code.instruction(template.fill((field, mask) -> switch (field) {
                case "rs1" -> register;
                case "imm" -> part;
                default -> link;
            }), template.length());
        });
    }

    private Unit access(Template template) {
        int bits = template.fill((field, mask) ->
                field.equals("rs1") ? mask == 7 ? MEMORY - 8 : random.nextBoolean() ? MEMORY : SP : choose(field, mask));
        return new Unit(template.length(), 0, (code, target) -> code.instruction(bits, template.length()));
    }

    /** At an aligned address; a load-reserved is always followed by its store-conditional. */
    private Unit atomic(Form form) {
        int offset = random.nextInt(-256, 256) * 8;
        Template.Chooser chooser = (field, mask) -> field.equals("rs1") ? ALIGNED : choose(field, mask);
        int bits = form.template.fill(chooser);
        if (!form.row.name().startsWith("lr.")) {
            return new Unit(8, 0, (code, target) -> code.addi(ALIGNED, MEMORY, offset).word(bits));
        }
        Form store = forms.stream().filter(f -> f.row.name().equals(form.row.name().replace("lr.", "sc."))).findFirst()
                .orElseThrow();
        int storeBits = store.template.fill(chooser);
        return new Unit(12, 0, (code, target) -> code.addi(ALIGNED, MEMORY, offset).word(bits).word(storeBits));
    }

    private int choose(String field, int mask) {
        return choose(field, mask, random);
    }

    private int choose(String field, int mask, SplittableRandom source) {
        return switch (field) {
            case "rd" -> destination(mask, false, source);
            case "rm" -> {
                int rounding = source.nextInt(6);
                yield rounding == 5 ? 7 : rounding;
            }
            default -> source.nextInt();
        };
    }

    private int destination(int mask) {
        return destination(mask, false, random);
    }

    private int destination(int mask, boolean notZero) {
        return destination(mask, notZero, random);
    }

    /** A register that may be written; as the field gives it, three bits or five. */
    private static int destination(int mask, boolean notZero, SplittableRandom source) {
        int value;
        int register;
        do {
            value = source.nextInt() & mask;
            register = mask == 7 ? 8 + value : value;
        } while (RESERVED.contains(register) || notZero && register == 0);
        return value;
    }
}
