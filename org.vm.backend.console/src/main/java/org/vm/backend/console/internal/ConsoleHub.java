package org.vm.backend.console.internal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BiConsumer;
import java.util.regex.Pattern;
import org.osgi.framework.BundleContext;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.Designate;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.vm.api.DeviceException;
import org.vm.api.backend.AttachableConsole;
import org.vm.api.backend.ConsoleBackend;
import org.vm.api.replace.BundleReplacer;

/**
 * A machine's console: a device on one side, any number of people on the other. Output goes to the scroll-back and to
 * each attached viewer's own bounded buffer, so that neither a slow terminal nor none at all holds a vCPU up.
 */
@Component(service = {ConsoleBackend.class, AttachableConsole.class}, configurationPid = "org.vm.backend.console",
        configurationPolicy = ConfigurationPolicy.REQUIRE)
@Designate(ocd = ConsoleHub.Config.class, factory = true)
public final class ConsoleHub implements AttachableConsole {
    private static final Logger LOG = LoggerFactory.getLogger(ConsoleHub.class);
    /** Typed bytes kept while the guest does not read. */
    private static final int INPUT_BOUND = 64 << 10;

    /** What a console needs when there is a new version of its bundle already; of the old one no more is loaded then. */
    static final List<Class<?>> NEEDED_IN_THE_END = List.of(View.class, Heritage.Estate.class, Heritage.Looker.class);

    /** Device status report and device attributes (ECMA-48, DSR and DA). */
    private static final Pattern QUERY = Pattern.compile("\033\\[[0-9;?>=]*[nc]");

    /** Configuration of a console. */
    @ObjectClassDefinition(name = "Console", description = "A console that people attach to with vm:console.")
    public @interface Config {
        @AttributeDefinition(name = "Machine", description = "Name of the machine that the console belongs to.")
        String vm();

        @AttributeDefinition(name = "Name", description = "Name of the console, unique in its machine.")
        String name() default "console";

        @AttributeDefinition(name = "Port", required = false, description = "Name of the serial port in the guest that the "
                + "console is behind; without one it is not behind a serial port.")
        String port();

        @AttributeDefinition(name = "Scroll-back", description = "Bytes of output that are kept for later viewers.")
        int scrollback() default 64 << 10;
    }

    private final String name;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition roomForInput = lock.newCondition();
    private final ByteRing recent;
    private final ByteRing input = new ByteRing(INPUT_BOUND);
    private final List<View> views = new ArrayList<>();
    private final Heritage heritage;
    /** The console that people who came here have now, or {@code null}: this one. */
    private volatile AttachableConsole successor;
    private Listener listener;
    private int columns = 80;
    private int rows = 24;

    @Activate
    public ConsoleHub(BundleContext context, Config config) {
        // Looked up when it is needed: whoever replaces bundles may come later than a console, and goes without it.
        this(config.name(), config.scrollback(), Heritage.of(() -> Optional.ofNullable(
                context.getServiceReference(BundleReplacer.class)).map(context::getService), config.vm(), config.name()));
    }

    public ConsoleHub(String name, int scrollback) {
        this(name, scrollback, Heritage.NONE);
    }

    ConsoleHub(String name, int scrollback, Heritage heritage) {
        this.name = name;
        this.heritage = heritage;
        this.recent = new ByteRing(Math.max(scrollback, 1));
        lock.lock();
        try {
            // The last thing that is done: from now on the predecessor sends people here.
            heritage.take(this).ifPresent(this::inherit);
        } finally {
            lock.unlock();
        }
    }

    private void inherit(Heritage.Estate estate) {
        recent.push(ByteBuffer.wrap(estate.recent()));
        input.push(ByteBuffer.wrap(estate.input()));
        columns = estate.columns();
        rows = estate.rows();
        for (Heritage.Looker looker : estate.lookers()) {
            View view = new View(looker);
            views.add(view);
            looker.moved().accept(this, view);
            Thread.ofVirtual().name("console " + name).start(view);
        }
    }

    /** Everything, to a successor, which has the people from now on. */
    private Heritage.Estate pass(AttachableConsole next) {
        lock.lock();
        try {
            List<Heritage.Looker> lookers = views.stream().map(View::pass).toList();
            views.clear();
            byte[] typed = input.toArray();
            successor = next;
            return new Heritage.Estate(recent.toArray(), typed, columns, rows, lookers);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public String description() {
        int viewers;
        lock.lock();
        try {
            viewers = views.size();
        } finally {
            lock.unlock();
        }
        return "console " + name + ", " + (viewers == 0 ? "nobody" : viewers) + " attached";
    }

    @Override
    public void connect(Listener newListener) {
        boolean typed;
        lock.lock();
        try {
            if (listener != null) {
                throw new DeviceException("console '" + name + "' is connected to a device already;"
                        + " give the second device a console of its own");
            }
            listener = newListener;
            typed = input.size() > 0;
        } finally {
            lock.unlock();
        }
        if (typed) {
            newListener.inputAvailable();
        }
    }

    @Override
    public void disconnect(Listener oldListener) {
        lock.lock();
        try {
            if (listener == oldListener) {
                listener = null;
            }
        } finally {
            lock.unlock();
        }
    }

    @Override
    public int read(ByteBuffer into) {
        lock.lock();
        try {
            int count = input.take(into);
            if (count > 0) {
                roomForInput.signalAll();
            }
            return count;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void write(ByteBuffer from) {
        int start = from.position();
        lock.lock();
        try {
            for (int i = 0, n = views.size(); i < n; i++) {
                views.get(i).push(from);
                from.position(start);
            }
            recent.push(from);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public int columns() {
        lock.lock();
        try {
            return columns;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public int rows() {
        lock.lock();
        try {
            return rows;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public byte[] recent() {
        AttachableConsole next = successor;
        if (next != null) {
            return next.recent();
        }
        lock.lock();
        try {
            return recent.toArray();
        } finally {
            lock.unlock();
        }
    }

    @Override
    public Attachment attach(Viewer viewer, int bound) {
        AttachableConsole next = successor;
        if (next != null) {
            return next.attach(viewer, bound);
        }
        View view = new View(viewer, bound);
        lock.lock();
        try {
            view.push(ByteBuffer.wrap(withoutQueries(recent.toArray())));
            views.add(view);
        } finally {
            lock.unlock();
        }
        Thread.ofVirtual().name("console " + name).start(view);
        return view;
    }

    @Override
    public int type(ByteBuffer keys) {
        int count;
        Listener reader;
        lock.lock();
        AttachableConsole next = successor;
        if (next != null) {
            lock.unlock();
            return next.type(keys);
        }
        try {
            count = input.offer(keys);
            reader = listener;
        } finally {
            lock.unlock();
        }
        if (count > 0 && reader != null) {
            reader.inputAvailable();
        }
        return count;
    }

    @Override
    public boolean awaitRoom(Duration timeout) throws InterruptedException {
        AttachableConsole next = successor;
        if (next != null) {
            return next.awaitRoom(timeout);
        }
        lock.lock();
        try {
            long left = timeout.toNanos();
            while (input.room() == 0 && left > 0) {
                left = roomForInput.awaitNanos(left);
            }
            return input.room() > 0;
        } finally {
            lock.unlock();
        }
    }

    /** The console leaves: so do its viewers, unless a successor is to come. */
    @Deactivate
    public void close() {
        if (!heritage.leave(this::pass, this::end)) {
            end();
        }
    }

    private void end() {
        List<View> all;
        lock.lock();
        try {
            all = List.copyOf(views);
        } finally {
            lock.unlock();
        }
        all.forEach(View::close);
    }

    /** A terminal must not answer again what the guest asked it long ago. */
    private static byte[] withoutQueries(byte[] output) {
        return QUERY.matcher(new String(output, StandardCharsets.ISO_8859_1)).replaceAll("")
                .getBytes(StandardCharsets.ISO_8859_1);
    }

    private void resize(int newColumns, int newRows) {
        Listener reader;
        lock.lock();
        try {
            columns = newColumns;
            rows = newRows;
            reader = listener;
        } finally {
            lock.unlock();
        }
        if (reader != null) {
            reader.resized(newColumns, newRows);
        }
    }

    /** One attached viewer, its backlog and the thread that shows it. */
    private final class View implements Attachment, Runnable {
        private final Viewer viewer;
        private final int bound;
        private final ByteRing backlog;
        private final Condition changed = lock.newCondition();
        /** Tells whoever attached the viewer, at this console or one before it, where it is now. */
        private final BiConsumer<AttachableConsole, Attachment> moved;
        /** Done when the viewer's thread before has shown its last. */
        private final CompletableFuture<Void> before;
        private final CompletableFuture<Void> shown = new CompletableFuture<>();
        private boolean showing;
        private boolean closed;
        /** Where the viewer is now, or {@code null}: here. */
        private volatile Attachment next;

        View(Viewer viewer, int bound) {
            this.viewer = viewer;
            this.bound = bound;
            backlog = new ByteRing(Math.max(bound, 1));
            moved = this::moved;
            before = CompletableFuture.completedFuture(null);
        }

        View(Heritage.Looker looker) {
            viewer = looker.viewer();
            bound = looker.bound();
            backlog = new ByteRing(Math.max(bound, 1));
            backlog.push(ByteBuffer.wrap(looker.backlog()));
            moved = looker.moved();
            before = looker.shown();
        }

        private void moved(AttachableConsole console, Attachment attachment) {
            successor = console;
            next = attachment;
        }

        Heritage.Looker pass() {
            byte[] left = backlog.toArray();
            closed = true;
            changed.signalAll();
            return new Heritage.Looker(viewer, bound, left, moved, shown);
        }

        void push(ByteBuffer from) {
            if (from.hasRemaining()) {
                backlog.push(from);
                changed.signalAll();
            }
        }

        @Override
        public void run() {
            before.join();
            ByteBuffer chunk = ByteBuffer.allocate(8192);
            try {
                while (next(chunk)) {
                    viewer.show(chunk.array(), 0, chunk.limit());
                }
                leave();
            } catch (IOException gone) {
                LOG.info("a viewer of console '{}' is gone: {}", name, gone.getMessage());
                close();
            } finally {
                shown.complete(null);
            }
        }

        /** Fills {@code chunk} with what to show next; waits for it. @return false when the viewer has left */
        private boolean next(ByteBuffer chunk) {
            lock.lock();
            try {
                showing = false;
                changed.signalAll();
                while (backlog.size() == 0 && !closed) {
                    changed.awaitUninterruptibly();
                }
                if (closed) {
                    return false;
                }
                backlog.take(chunk.clear());
                chunk.flip();
                showing = true;
                return true;
            } finally {
                lock.unlock();
            }
        }

        @Override
        public void resize(int newColumns, int newRows) {
            Attachment now = next;
            if (now != null) {
                now.resize(newColumns, newRows);
            } else {
                ConsoleHub.this.resize(newColumns, newRows);
            }
        }

        @Override
        public boolean drain(Duration timeout) throws InterruptedException {
            Attachment now = next;
            if (now != null) {
                return now.drain(timeout);
            }
            lock.lock();
            try {
                long left = timeout.toNanos();
                while ((backlog.size() > 0 || showing) && !closed && left > 0) {
                    left = changed.awaitNanos(left);
                }
                return backlog.size() == 0 && !showing;
            } finally {
                lock.unlock();
            }
        }

        @Override
        public void close() {
            leave();
            Attachment now = next;
            if (now != null) {
                now.close();
            }
        }

        private void leave() {
            lock.lock();
            try {
                views.remove(this);
                closed = true;
                changed.signalAll();
            } finally {
                lock.unlock();
            }
        }
    }
}
