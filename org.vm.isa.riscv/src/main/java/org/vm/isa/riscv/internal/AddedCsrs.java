package org.vm.isa.riscv.internal;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.vm.api.InvalidInstructionException;
import org.vm.api.isa.ControlRegister;
import org.vm.api.isa.RegisterFile;

/**
 * Control and status registers that other bundles bring ({@link ControlRegister}), in the numbers that the privileged
 * architecture leaves for that (Volume II, 2.1, table 3). Their values are in the hart's register array. Immutable.
 */
final class AddedCsrs {
    private static final String NAME = "[a-z][a-z0-9_]*";
    /** What an encoding or a method calls something else. */
    private static final Set<String> TAKEN = Set.of("pc", "length", "bits", "csr", "imm", "uimm", "shamt", "rm");
    /** Bits 11:6 of the numbers for custom use, but for 0x800 to 0x8FF; there is no hypervisor that could use its own. */
    private static final Set<Integer> CUSTOM = Set.of(0x5C0 >> 6, 0x9C0 >> 6, 0xDC0 >> 6, 0x7C0 >> 6, 0xBC0 >> 6, 0xFC0 >> 6,
            0xCC0 >> 6);

    /** @param owner the class that declares it */
    private record Added(ControlRegister declared, Class<?> owner, int slot, Csr csr) {
        @Override
        public String toString() {
            return declared.name() + " (0x" + Integer.toHexString(declared.number()) + " of " + owner.getName() + ")";
        }
    }

    private final Map<Integer, Added> byNumber = new HashMap<>();
    private final List<Added> all = new ArrayList<>();

    /**
     * @param owners classes of instructions, those of one bundle next to each other
     * @throws InvalidInstructionException if one is in another one's place, or where none may be; names both
     */
    AddedCsrs(List<Class<?>> owners) {
        for (Class<?> owner : owners) {
            for (ControlRegister declared : owner.getAnnotationsByType(ControlRegister.class)) {
                add(declared, owner);
            }
        }
    }

    private void add(ControlRegister declared, Class<?> owner) {
        int slot = RegisterFiles.ADDED + all.size();
        Csr csr = Csr.of(declared.number(), declared.name(), hart -> hart.registers[slot], (hart, value) ->
                hart.registers[slot] = hart.registers[slot] & ~declared.writable() | value & declared.writable());
        Added added = new Added(declared, owner, slot, csr);
        int number = declared.number();
        if (number >> 8 != 8 && !CUSTOM.contains(number >> 6)) {
            throw new InvalidInstructionException("control register " + added + " has none of the numbers that are free for it: "
                    + "0x800 to 0x8ff, 0xcc0, 0x5c0, 0x9c0, 0xdc0, 0x7c0, 0xbc0 or 0xfc0 and the 63 after it");
        }
        if (!declared.name().matches(NAME) || TAKEN.contains(declared.name())
                || RegisterFiles.ALL.stream().anyMatch(file -> file.fields().contains(declared.name())
                        || file.names().contains(declared.name())) || Csrs.numbers().containsKey(declared.name())) {
            throw new InvalidInstructionException("control register " + added
                    + " cannot have that name: it means something else, or is not made of lower-case letters, digits and _");
        }
        for (Added other : all) {
            if (other.declared.number() == number || other.declared.name().equals(declared.name())) {
                throw new InvalidInstructionException("control registers " + other + " and " + added
                        + " are in each other's place; choose another number and name");
            }
        }
        if (all.size() == RegisterFiles.MOST_ADDED) {
            throw new InvalidInstructionException("there is no room for control register " + added + ": a machine has "
                    + RegisterFiles.MOST_ADDED + " of other bundles at most");
        }
        byNumber.put(number, added);
        all.add(added);
    }

    /** Those of some classes, as their instructions name them. */
    RegisterFile file(List<Class<?>> owners) {
        List<Added> theirs = all.stream().filter(added -> owners.contains(added.owner)).toList();
        int first = theirs.isEmpty() ? RegisterFiles.ADDED : theirs.getFirst().slot;
        return new RegisterFile("csr", first, theirs.size(), -1, RegisterFiles.SINK, List.of(),
                theirs.stream().map(added -> added.declared.name()).toList(), true);
    }

    /** Numbers by name. */
    Map<String, Integer> numbers() {
        Map<String, Integer> numbers = new HashMap<>();
        all.forEach(added -> numbers.put(added.declared.name(), added.declared.number()));
        return numbers;
    }

    /** {@code null} if there is none. */
    Csr find(int number) {
        Added added = byNumber.get(number);
        return added == null ? null : added.csr;
    }

    void reset(Hart hart) {
        all.forEach(added -> hart.registers[added.slot] = added.declared.reset());
    }

    /** Puts the values into the hart's registers: those that were saved, by number and name, where there is one. */
    void restore(Hart hart, Map<Integer, Map.Entry<String, Long>> saved) {
        for (Added added : all) {
            Map.Entry<String, Long> known = saved.get(added.declared.number());
            hart.registers[added.slot] = known != null && known.getKey().equals(added.declared.name()) ? known.getValue()
                    : added.declared.reset();
        }
    }

    void save(Hart hart, Map<Integer, Map.Entry<String, Long>> saved) {
        all.forEach(added -> saved.put(added.declared.number(), Map.entry(added.declared.name(), hart.registers[added.slot])));
    }
}
