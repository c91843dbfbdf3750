package org.vm.engine.jit.internal;

import java.lang.classfile.ClassFile;
import java.lang.constant.ClassDesc;
import java.lang.constant.MethodTypeDesc;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandles;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import org.vm.api.ExecutionException;
import org.vm.api.cpu.Cpu;
import org.vm.api.cpu.GuestTrap;
import org.vm.api.isa.DecodedRow;
import org.vm.api.isa.Operand;
import org.vm.api.isa.Row;
import org.vm.api.mmu.Mmu;

/**
 * Defines the classes of regions. They are hidden, so each is unloaded when nothing uses it. They see the engine and the
 * classes of the rows' methods wherever those come from, so that no bundle has to export or import anything for it.
 */
final class RegionClasses {
    /** Where the generated classes are; HotSpot is told what to do with their methods by this name. */
    static final String PACKAGE = "org.vm.engine.jit.generated";

    private final Loader loader = new Loader(RegionClasses.class.getClassLoader());
    private final MethodHandles.Lookup lookup = loader.lookup();

    RegionClasses() {
        // HotSpot compiles methods that have not run yet only if the loader has been asked for what they name.
        for (Class<?> type : new Class<?>[] {Cpu.class, Mmu.class, GuestTrap.class, MemorySegment.class, Accesses.class,
                RegionCode.class, ValueLayout.OfByte.class, ValueLayout.OfShort.class, ValueLayout.OfInt.class,
                ValueLayout.OfLong.class, Double.class, Math.class, Objects.class, Long.class, Integer.class}) {
            loader.ask(type.getName());
        }
    }

    /**
     * Writes the class of a region; the same bytes each time.
     *
     * @param number distinguishes its name
     */
    RegionWriter.Written write(Region region, int number, Rows rows, long offsetMask) {
        for (Node node : region.nodes()) {
            for (DecodedRow row : node.rows) {
                see(row.row());
            }
        }
        return RegionWriter.write(PACKAGE + ".Region" + number, region, rows, offsetMask);
    }

    /** Lets generated code call a row's method. */
    private void see(Row row) {
        loader.see(row.method().getDeclaringClass());
        for (Operand operand : row.operands()) {
            if (operand instanceof Operand.State state) {
                loader.see(state.type());
            }
        }
    }

    RegionCode define(RegionWriter.Written written, MemorySegment memory) {
        try {
            Class<?> type = lookup.defineHiddenClassWithClassData(written.bytes(),
                    List.of(memory, written.table().words(), written.pcs(), written.unretired()), true).lookupClass();
            return (RegionCode) type.getConstructor().newInstance();
        } catch (ReflectiveOperationException | LinkageError e) {
            throw new ExecutionException("a translated region cannot be defined as a class: " + e, e);
        }
    }

    private static final class Loader extends ClassLoader {
        private final Map<String, Class<?>> owners = new ConcurrentHashMap<>();

        Loader(ClassLoader engine) {
            super("jit", engine);
        }

        void see(Class<?> type) {
            Class<?> other = owners.putIfAbsent(type.getName(), type);
            if (other == null) {
                ask(type.getName());
            } else if (other != type) {
                throw new ExecutionException("two different classes called " + type.getName()
                        + " define instructions of one machine; rename one of them");
            }
        }

        void ask(String name) {
            try {
                Class.forName(name, true, this);
            } catch (ClassNotFoundException e) {
                throw new ExecutionException("generated code cannot see " + name, e);
            }
        }

        /** A look-up in the package of the generated classes, from a class that is there for it. */
        MethodHandles.Lookup lookup() {
            ClassDesc self = ClassDesc.of(PACKAGE + ".Anchor");
            ClassDesc type = MethodHandles.Lookup.class.describeConstable().orElseThrow();
            ClassDesc handles = MethodHandles.class.describeConstable().orElseThrow();
            byte[] bytes = ClassFile.of().build(self, c -> c.withFlags(ClassFile.ACC_PUBLIC)
                    .withMethodBody("lookup", MethodTypeDesc.of(type), ClassFile.ACC_PUBLIC | ClassFile.ACC_STATIC,
                            code -> code.invokestatic(handles, "lookup", MethodTypeDesc.of(type)).areturn()));
            try {
                return (MethodHandles.Lookup) defineClass(PACKAGE + ".Anchor", bytes, 0, bytes.length)
                        .getMethod("lookup").invoke(null);
            } catch (ReflectiveOperationException e) {
                throw new ExecutionException("the JIT cannot define classes: " + e, e);
            }
        }

        @Override
        protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
            Class<?> owner = owners.get(name);
            return owner != null ? owner : super.loadClass(name, resolve);
        }
    }
}
