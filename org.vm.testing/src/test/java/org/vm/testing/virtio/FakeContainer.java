package org.vm.testing.virtio;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import java.util.Collections;
import java.util.Dictionary;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.Constants;
import org.osgi.framework.Filter;
import org.osgi.framework.FrameworkUtil;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.framework.ServiceEvent;
import org.osgi.framework.ServiceListener;
import org.osgi.framework.ServiceReference;
import org.osgi.framework.ServiceRegistration;

/** A service registry, and as much of bundles as it takes to register there. */
final class FakeContainer {
    private record Service(Object object, String kind, ServiceReference<?> reference, Map<String, Object> properties) {}

    private record Heard(ServiceListener listener, Filter filter) {}

    private final List<Service> services = new CopyOnWriteArrayList<>();
    private final List<Heard> listeners = new CopyOnWriteArrayList<>();
    private final Set<Long> stopped = new HashSet<>();

    /** All services of that kind. */
    <T> List<T> services(Class<T> kind) {
        return services.stream().filter(service -> service.kind.equals(kind.getName())).map(service -> kind.cast(service.object))
                .toList();
    }

    /** The bundle has no valid context any more, though something of it may still run. */
    void stop(long id) {
        stopped.add(id);
    }

    /** The context of a bundle. */
    BundleContext bundle(long id) {
        Bundle bundle = proxy(Bundle.class, (self, method, arguments) -> switch (method.getName()) {
            case "getBundleId" -> id;
            default -> throw new UnsupportedOperationException(method.toString());
        });
        return proxy(BundleContext.class, (self, method, arguments) -> switch (method.getName()) {
            case "getBundle" -> bundle;
            case "registerService" -> register(bundle, (Class<?>) arguments[0], arguments[1], (Dictionary<?, ?>) arguments[2]);
            case "addServiceListener" -> listeners.add(new Heard((ServiceListener) arguments[0], filter(arguments[1])));
            case "removeServiceListener" -> listeners.removeIf(heard -> heard.listener == arguments[0]);
            case "getServiceReferences" -> {
                Filter filter = filter(arguments[1]);
                yield services.stream().map(Service::reference).filter(filter::match).toArray(ServiceReference[]::new);
            }
            case "getService" -> services.stream().filter(service -> service.reference == arguments[0]).findFirst()
                    .map(Service::object).orElse(null);
            case "ungetService" -> {
                if (stopped.contains(id)) {
                    throw new IllegalStateException("Invalid BundleContext.");
                }
                yield true;
            }
            default -> throw new UnsupportedOperationException(method.toString());
        });
    }

    private static Filter filter(Object text) throws InvalidSyntaxException {
        return FrameworkUtil.createFilter((String) text);
    }

    private ServiceRegistration<?> register(Bundle owner, Class<?> kind, Object object, Dictionary<?, ?> given) {
        Map<String, Object> properties = new HashMap<>();
        Collections.list(given.keys()).forEach(key -> properties.put((String) key, given.get(key)));
        properties.put(Constants.OBJECTCLASS, new String[] {kind.getName()});
        boolean[] gone = {false};
        ServiceReference<?> reference = proxy(ServiceReference.class, (self, method, arguments) -> switch (method.getName()) {
            case "getProperty" -> properties.get(arguments[0]);
            case "getPropertyKeys" -> properties.keySet().toArray(String[]::new);
            case "getBundle" -> gone[0] ? null : owner;
            case "compareTo" -> Integer.compare(System.identityHashCode(self), System.identityHashCode(arguments[0]));
            default -> throw new UnsupportedOperationException(method.toString());
        });
        Service service = new Service(object, kind.getName(), reference, properties);
        services.add(service);
        tell(ServiceEvent.REGISTERED, reference);
        return proxy(ServiceRegistration.class, (self, method, arguments) -> switch (method.getName()) {
            case "unregister" -> {
                if (!services.contains(service)) {
                    throw new IllegalStateException("unregistered twice");
                }
                tell(ServiceEvent.UNREGISTERING, reference);
                gone[0] = true;
                services.remove(service);
                yield null;
            }
            default -> throw new UnsupportedOperationException(method.toString());
        });
    }

    private void tell(int type, ServiceReference<?> reference) {
        for (Heard heard : listeners) {
            if (heard.filter.match(reference)) {
                heard.listener.serviceChanged(new ServiceEvent(type, reference));
            }
        }
    }

    private static <T> T proxy(Class<T> type, InvocationHandler handler) {
        return type.cast(Proxy.newProxyInstance(FakeContainer.class.getClassLoader(), new Class<?>[] {type},
                (self, method, arguments) -> switch (method.getName()) {
                    case "equals" -> self == arguments[0];
                    case "hashCode" -> System.identityHashCode(self);
                    case "toString" -> type.getSimpleName();
                    default -> handler.invoke(self, method, arguments);
                }));
    }
}
