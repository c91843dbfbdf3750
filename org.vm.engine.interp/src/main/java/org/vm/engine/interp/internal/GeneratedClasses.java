package org.vm.engine.interp.internal;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.vm.api.ExecutionException;
import org.vm.api.isa.Operand;
import org.vm.api.isa.Row;

/**
 * The class loader of generated classes. It sees the engine, and the classes of the rows' methods wherever they come
 * from, so that no bundle has to export or import anything for it.
 */
final class GeneratedClasses extends ClassLoader {
    private static final String PACKAGE = "org.vm.engine.interp.generated.";

    private final Map<String, Class<?>> owners = new ConcurrentHashMap<>();
    private final AtomicInteger count = new AtomicInteger();
    private final int registerSlots;

    GeneratedClasses(ClassLoader engine, int registerSlots) {
        super("interpreter", engine);
        this.registerSlots = registerSlots;
    }

    /** Defines the class of {@code shape}; an operation to create others from. */
    Op prototype(Shape shape) {
        StringBuilder name = new StringBuilder(PACKAGE);
        for (Row row : shape.rows()) {
            see(row.method().getDeclaringClass());
            for (Operand operand : row.operands()) {
                if (operand instanceof Operand.State state) {
                    see(state.type());
                }
            }
            name.append(row.method().getName()).append('_');
        }
        name.append(count.incrementAndGet());
        byte[] bytes = OpGenerator.generate(name.toString(), shape, registerSlots);
        try {
            Class<?> type = defineClass(name.toString(), bytes, 0, bytes.length);
            return (Op) type.getConstructor().newInstance();
        } catch (ReflectiveOperationException | LinkageError e) {
            throw new ExecutionException("the interpreter cannot make an operation of " + shape.rows() + ": " + e, e);
        }
    }

    private void see(Class<?> type) {
        Class<?> other = owners.putIfAbsent(type.getName(), type);
        if (other != null && other != type) {
            throw new ExecutionException("two different classes called " + type.getName()
                    + " define instructions of one machine; rename one of them");
        }
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
        Class<?> owner = owners.get(name);
        return owner != null ? owner : super.loadClass(name, resolve);
    }
}
