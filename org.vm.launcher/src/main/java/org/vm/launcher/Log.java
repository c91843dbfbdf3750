package org.vm.launcher;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import org.osgi.framework.Bundle;
import org.osgi.framework.ServiceReference;
import org.osgi.service.log.LogService;
import org.osgi.service.log.Logger;
import org.osgi.service.log.LoggerConsumer;
import org.slf4j.LoggerFactory;

/**
 * Leads what the framework and the component runtime log (OSGi Compendium, chapter 101) into the program's own log. Its
 * loggers have SLF4J's methods, so each call goes to the method of the same name and parameters there.
 */
@SuppressWarnings("deprecation")
final class Log implements LogService {
    @Override public void log(int level, String message) {
        log(null, level, message, null);
    }

    @Override public void log(int level, String message, Throwable exception) {
        log(null, level, message, exception);
    }

    @Override public void log(ServiceReference<?> reference, int level, String message) {
        log(reference, level, message, null);
    }

    @Override public void log(ServiceReference<?> reference, int level, String message, Throwable exception) {
        String source = reference == null || reference.getBundle() == null ? "container"
                : reference.getBundle().getSymbolicName();
        org.slf4j.Logger logger = LoggerFactory.getLogger(source);
        switch (level) {
            case LOG_ERROR -> logger.error(message, exception);
            case LOG_WARNING -> logger.warn(message, exception);
            case LOG_INFO -> logger.info(message, exception);
            default -> logger.debug(message, exception);
        }
    }

    @Override public Logger getLogger(String name) {
        return getLogger(name, Logger.class);
    }

    @Override public Logger getLogger(Class<?> type) {
        return getLogger(type.getName(), Logger.class);
    }

    @Override public <L extends Logger> L getLogger(Class<?> type, Class<L> loggerType) {
        return getLogger(type.getName(), loggerType);
    }

    @Override public <L extends Logger> L getLogger(Bundle bundle, String name, Class<L> loggerType) {
        return getLogger(name, loggerType);
    }

    @Override public <L extends Logger> L getLogger(String name, Class<L> loggerType) {
        org.slf4j.Logger target = LoggerFactory.getLogger(name);
        InvocationHandler handler = (proxy, method, arguments) -> forward(target, proxy, method, arguments);
        return loggerType.cast(Proxy.newProxyInstance(loggerType.getClassLoader(), new Class<?>[] {loggerType}, handler));
    }

    private static Object forward(org.slf4j.Logger target, Object proxy, Method method, Object[] arguments) throws Throwable {
        try {
            if (method.getDeclaringClass() == Object.class) {
                return method.invoke(target, arguments);
            }
            if (method.getParameterCount() == 1 && arguments[0] instanceof LoggerConsumer<?> consumer) {
                // Asks for the text only if the level is on: "debug" has its "isDebugEnabled".
                String level = method.getName();
                String asked = "is" + Character.toUpperCase(level.charAt(0)) + level.substring(1) + "Enabled";
                if ((boolean) org.slf4j.Logger.class.getMethod(asked).invoke(target)) {
                    consumer.accept((Logger) proxy);
                }
                return null;
            }
            String name = method.getName().equals("audit") ? "info" : method.getName();
            return org.slf4j.Logger.class.getMethod(name, method.getParameterTypes()).invoke(target, arguments);
        } catch (InvocationTargetException e) {
            throw e.getCause();
        }
    }
}
