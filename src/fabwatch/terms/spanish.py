"""The sentences of the answers in Spanish."""

from collections.abc import Mapping

SENTENCES: Mapping[str, str] = {
    "risk": "{wafers:,} obleas pasaron por {tools:,} equipos desde su último control bueno, a fecha {as_of}; "
    "el mayor: {worst}.",
    "risk_never": " {never:,} equipos no tienen ningún control bueno; sus obleas no están en este total.",
    "risk_none": "Ningún equipo de esta selección ha procesado obleas desde su último control bueno, a fecha {as_of}.",
    "contain": "{wafers:,} obleas de {lots:,} lotes pasaron por {tool} tras su último control bueno ({since}) "
    "hasta {until}.",
    "contain_unbounded": "{wafers:,} obleas de {lots:,} lotes pasaron por {tool} desde el primer movimiento "
    "registrado hasta {until}; no consta ningún control bueno.",
    "after_fail_open": " Pasaron después del fallo: {wafers:,} obleas, 100 %, y aún sin restauración ni control bueno; "
    "{total:,} obleas en total.",
    "after_fail_restored": " Pasaron después del fallo, hasta la restauración ({until}): {wafers:,} obleas, 100 %; "
    "{total:,} obleas en total.",
    "after_fail_passed": " Pasaron después del fallo, hasta el control bueno ({until}): {wafers:,} obleas, 100 %; "
    "{total:,} obleas en total.",
    "reach": " Como este control puede no ver un fallo, la contención llega hasta {since}, antes del último bueno ({good}).",
    "hold": " Retener las {wafers:,} más probables atraparía el {part:.0%} de las malas y libera {spares:,}.",
    "end_of_record": "el último registro es de {at}, hace más de un día: se responde a esa fecha. "
    "--as-of now pregunta por ahora.",
    "lot": " Contado por lote: los movimientos no nombran las obleas.",
    "forecast": "{tools:,} pronósticos a fecha {as_of}; {bad:,} equipos o cámaras probablemente ya están fuera de "
    "especificación.",
    "forecast_days": "{place} {qual_type}: {cover:.0%} de probabilidad de fallar entre el día {low:.1f} y el {high:.1f}; "
    "{bad:.1%} de que ya esté fuera de especificación.",
    "forecast_due": "{place} {qual_type}: ya toca; {bad:.1%} de que ya esté fuera de especificación.",
    "combined_due": "{tool}: ya toca el primero de sus {checks:,} controles; {bad:.1%} de que alguno ya esté fuera de "
    "especificación.",
    "charts": "{charts:,} gráficos de control, {stable:,} bajo control; {points:,} puntos incumplen alguna regla.",
    "chart_stable": "{name} está bajo control: ninguno de sus {points:,} puntos incumple una regla.",
    "chart_broken": "{name} está fuera de control: {broken:,} de {points:,} puntos incumplen alguna regla, el primero en "
    "{first}.",
    "chart_frozen": " Juzgado con los límites de la versión {version}, congelados por {who}.",
    "chart_story": "{tool}: {charts} gráficos incumplen sus reglas a la vez desde {since}: {names}.",
    "chart_story_more": "{tool}: {charts} gráficos incumplen sus reglas a la vez desde {since}: {names} y {more:,} más.",
    "refused_no_readings": "no hay lecturas",
    "refused_no_subgroups": "las lecturas vienen de una en una; un gráfico de medias necesita subgrupos",
    "refused_few_readings": "hacen falta al menos {needed:,} lecturas y hay {readings:,}",
    "refused_few_points": "hacen falta al menos {needed:,} puntos y hay {points:,}",
    "refused_no_limits": "no hay límites de especificación",
    "refused_constant": "las lecturas no varían",
    "refused_not_normal": "no es normal (p = {p:.2g}); los percentiles piden {needed:,} lecturas y hay {readings:,}",
    "refused_not_stable": "no es estable: {broken:,} de {points:,} puntos incumplen reglas ({rules})",
    "refused_beyond": "{readings:,} lecturas quedan fuera de lo que se puede medir",
    "refused_t2": "el T² de varias lecturas no tiene límites de especificación",
    "refused_t2_alone": "T² necesita al menos dos clases de lecturas de un mismo equipo y cámara",
    "refused_t2_apart": "{points:,} puntos tienen las {readings:,} lecturas, y {varying:,} de estas varían",
    "refused_t2_dependent": "unas lecturas que dependen entre sí, o que no varían, no tienen T² conjunto",
    "gauge": "La medición supone el {share:.1%} de la dispersión; distingue {categories:,} clases de piezas ({parts:,} "
    "piezas, {operators:,} operarios, {trials:,} repeticiones).",
    "doubt_FewPoints": "unos límites calculados con {points:,} puntos aún pueden moverse bastante: lo usual son {needed:,}",
    "doubt_BeyondMeasurement": "de {readings:,} lecturas solo se sabe de qué lado caen; no entran en ninguna cifra",
    "doubt_BetweenSubgroups": "el {share:.0%} de la varianza está entre subgrupos: los límites que salen de la dispersión "
    "interna son demasiado estrechos; --chart between ofrece tres gráficos para ello",
    "doubt_Autocorrelated": "cada punto se parece al anterior (correlación {correlation:.2f}): las reglas se incumplen más "
    "a menudo que por azar",
    "doubt_LimitsChanged": "los límites de especificación cambiaron ({kinds:,} pares); valen los últimos",
    "doubt_SomeCellsEmpty": "{cells:,} celdas sin valor",
    "stats_pooled": " {pooled:,} de ellos juntan varias cámaras de un equipo: --by chamber las separa.",
    "forecast_weeks": "{place} {qual_type}: {cover:.0%} de probabilidad de fallar después del día {low:.0f}, quizá no en "
    "años; {bad:.1%} de que ya esté fuera de especificación.",
    "forecast_wafers": "{place} {qual_type}: {cover:.0%} de probabilidad de fallar dentro de {low:,} a {high:,} obleas; "
    "{bad:.1%} de que ya esté fuera de especificación. Últimamente no ha procesado nada.",
    "combined": "{tool}: {cover:.0%} de probabilidad de que el primero de sus {checks:,} controles falle entre el día "
    "{low:.1f} y el {high:.1f}; {bad:.1%} de que alguno ya esté fuera de especificación.",
    "combined_idle": "{tool}: {bad:.1%} de que alguno de sus {checks:,} controles ya esté fuera de especificación. Sin "
    "actividad reciente.",
    "why_rests": "Se apoya en {failures:,} fallos entre {quals:,} controles de {place}, en {wafers:,} obleas y "
    "{days:.0f} días registrados.",
    "why_sisters": "{n:,} equipos gemelos aportan {failures:,} fallos entre {quals:,} controles.",
    "why_life": "De una restauración al fallo oculto {place} dura normalmente {life:,.0f} {unit}, sus gemelos "
    "{theirs:,.0f}: {ratio:.2f} veces.",
    "why_life_alone": "De una restauración al fallo oculto dura normalmente {life:,.0f} {unit}; no tiene gemelos.",
    "why_age": "{age:,.1f} {unit} desde la restauración de {at}; estaba bien a {good:,.1f}.",
    "why_age_unknown": "{age:,.1f} {unit} desde el primer movimiento registrado (no consta ninguna restauración); "
    "estaba bien a {good:,.1f}.",
    "why_pace": "Procesa {pace:,.0f} obleas al día, con una variación semanal de {spread:.0%}.",
    "why_next": "Se controla cada {every:.1f} días. El próximo control, dentro de {day:.1f} días "
    "(80 %: de {low:.1f} a {high:.1f}), tiene un {fail:.1%} de fallar; "
    "para entonces habrá {risk:,} obleas en riesgo.",
    "why_clock": "El desgaste se cuenta en {clock}: la log-evidencia es mejor en {nats:.1f} (familia: {family}).",
    "why_clock_tie": "El desgaste se cuenta en {clock}; el otro reloj lo predice casi igual "
    "(log-evidencia {nats:.1f}, familia: {family}).",
    "why_marker": "Sus lecturas suben como las de sus herramientas hermanas antes de fallar: según ellas ha pasado del "
    "{low:.0%} al {high:.0%} de esta vida. Predijeron los controles pasados mejor que los fallos por sí solos.",
    "why_signal": "Desde su último control avisó {n:,} veces de {name}: un fallo es {times:.1f} veces más probable.",
    "why_readings": "La ventana sale de lecturas que derivan hacia su límite: predijeron los controles pasados mejor "
    "que las edades de los fallos.",
    "why_if_passed": "Qué lo cambiaría: si el próximo control sale bien, 80 %: de {low:,.0f} a {high:,.0f} {unit} "
    "desde entonces.",
    "why_if_restored": "Si se restaurase ahora, 80 %: de {low:,.0f} a {high:,.0f} {unit} desde entonces.",
    "why_doubt": "Duda: {doubt}.",
    "intervals": "{tools:,} equipos o cámaras; {often:,} deberían controlarse más a menudo, {seldom:,} menos a menudo.",
    "intervals_hours": " Los controles ocupan {today:,.1f} horas a la semana hoy, {advised:,.1f} con los intervalos "
    "recomendados.",
    "intervals_limit": " Con un límite de {limit:,.1f} horas a la semana: una hora más ahorraría {price:,.4g}.",
    "interval": "{place} {qual_type}: controlar cada {advised:,} obleas ({days:.1f} días); de {low:,} a {high:,} "
    "cuesta como mucho un 5 % más.",
    "interval_idle": "{place} {qual_type}: controlar cada {advised:,} obleas; de {low:,} a {high:,} cuesta como "
    "mucho un 5 % más. Últimamente no ha procesado nada.",
    "interval_today": "{place} {qual_type}: controlar cada {advised:,} obleas ({days:.1f} días); de {low:,} a {high:,} "
    "cuesta como mucho un 5 % más. Hoy: cada {today:,} ({gap:.1f} días).",
    "costs_unstated": " No constan costes: se usan valores por defecto, medidos en controles; indique los suyos en "
    "[costs] de fab.toml.",
    "plan_unstated": " No constan costes en fab.toml: se mantienen las horas de control de hoy, mejor repartidas.",
    "plan": "Controlar {today:,} hoy y {all:,} en {days} días ({hours:,.0f} horas de controles); la mayor pérdida "
    "esperada está en {place} {qual_type}: {bad:.1%} de que ya esté fuera de especificación.",
    "plan_nothing": "Ninguno de {checked:,} equipos o cámaras toca en {days} días.",
    "score": "De {windows:,} ventanas al {cover:.0%}, se cumplió el {held:.1%} ({ended:,} acabaron ya en fallo).",
    "score_better": " Probabilidad de fallar el próximo control: puntuación de Brier un {skill:.1%} mejor que {name}.",
    "score_worse": " Probabilidad de fallar el próximo control: puntuación de Brier un {skill:.1%} peor que {name}.",
    "score_kept": " {windows:,} de {kept:,} pronósticos guardados ya tienen desenlace; se cumplió el {held:.1%} de "
    "las ventanas.",
    "score_value": " Con controles a los intervalos recomendados entonces: {quals:+.0%} de controles, {exposed:+.0%} de "
    "obleas expuestas.",
    "score_slope": "Con 10 puntos más de probabilidad fallaron {rise:.1f} puntos más de los controles (rango del 90 %: de "
    "{low:.1f} a {high:.1f}; 10 si las probabilidades son correctas).",
    "score_slope_fits": " Aquí no se ve ningún error: el rango incluye el 10.",
    "score_slope_less": " Las probabilidades se separan demasiado: las altas pecan por exceso y las bajas por defecto.",
    "score_slope_more": " Las probabilidades se separan poco: las altas pecan por defecto y las bajas por exceso.",
    "value": "Con controles a los intervalos recomendados entonces, desde {since} habría habido",
    "value_quals": " {advised:,.0f} controles en vez de {today:,.0f} (rango del 90 % de la diferencia: de {low:+,.0f} a "
    "{high:+,.0f}),",
    "value_exposed": " {advised:,.0f} obleas entre el último control bueno y el que halló el fallo en vez de {today:,.0f} "
    "(de {low:+,.0f} a {high:+,.0f})",
    "value_cost": " y un coste de {advised:,.1f} en vez de {today:,.1f} (de {low:+,.1f} a {high:+,.1f}).",
    "value_earlier": " Los fallos se habrían hallado {days:.2f} días antes de media (de {low:.2f} a {high:.2f}).",
    "value_later": " Los fallos se habrían hallado {days:.2f} días después de media (de {low:.2f} a {high:.2f}).",
    "value_stayed": " En {stayed:,} de {stretches:,} tramos entre dos pronósticos se conocían demasiado pocos fallos para "
    "recomendar un intervalo: siguió el calendario de hoy.",
    "score_nothing": "Nada que valorar todavía: de {forecasts:,} pronósticos ninguno tiene desenlace.",
    "curve": "{place}: con un control cada {wafers:,} obleas, el próximo tiene un {fail:.1%} de fallar.",
    "tools": "{act:,} de {tools:,} equipos necesitan un control ya y {watch:,} piden vigilancia, a fecha {as_of}; "
    "{wafers:,} obleas en riesgo.",
    "history": "{tool}: como máximo hubo {most:,} obleas en riesgo ({at}), ahora {now:,}; {passed:,} controles buenos "
    "y {failed:,} fallidos.",
    "history_none": "{tool}: no procesó nada en ese tiempo.",
    "yield": "{good:,} de {parts:,} piezas son buenas: un rendimiento del {share:.2%}.",
    "yield_worst": " El más bajo: {name}, con {share:.1%}.",
    "stacked": "{wafers:,} obleas superpuestas: el rendimiento es {centre} en el centro y {edge} en el borde.",
    "stacked_test": " Prueba {name}: media {centre} en el centro y {edge} en el borde.",
    "doubt_OffTheWafer": "Según el diseño, {places:,} posiciones quedarían fuera de la oblea de {wafer_mm:g} mm: el tamaño "
    "del chip, el diámetro o el centro no encajan.",
    "stacked_none": "No hay piezas con posición registradas.",
    "screens": "Se rechazarían {parts:,} de {good:,} piezas buenas ({share:.2%}): {static:,} por PAT estático, {dynamic:,} "
    "por PAT dinámico, {neighbourhood:,} por mal vecindario; cada pieza cuenta una vez.",
    "doubt_TooFewValues": "{tests:,} pruebas tienen menos de {needed:,} valores de piezas buenas y no descartan "
    "nada: {first}.",
    "doubt_HalfEqual": "En {tests:,} pruebas la mitad de los valores son iguales, así que no tienen límites: {first}.",
    "doubt_SeveralGroups": "Los límites de {tests:,} pruebas rechazarían más del {share:.0%} de las piezas buenas: son "
    "grupos, no valores atípicos, y no se rechaza nada por ellos: {first}.",
    "doubt_UnscreenedWafers": "Pruebas de obleas sueltas sin límites dinámicos: {few:,} con muy pocos valores, {flat:,} sin "
    "dispersión, {groups:,} con varios grupos.",
    "doubt_FewLots": "Los límites estáticos se basan en {lots:,} lotes; AEC-Q001 pide {needed:,}.",
    "defects": "{defects:,} defectos en {wafers:,} inspecciones; la que más tiene: {name}, con {most:,}.",
    "defects_doubtful": " {wafers:,} inspecciones son dudosas: fabwatch defects --csv dice por qué.",
    "defects_none": "No hay inspecciones registradas.",
    "commonality_finding": "{hits:,} de {bad:,} obleas malas pasaron por {name}{when}; de las demás, el {share:.0%}",
    "commonality_lower": "las {n:,} obleas que pasaron por {name}{when} quedan {by:.3g} más abajo (95 %: de "
    "{low:.3g} a {high:.3g})",
    "commonality_higher": "las {n:,} obleas que pasaron por {name}{when} quedan {by:.3g} más arriba (95 %: de "
    "{low:.3g} a {high:.3g})",
    "commonality_no_shift": "Nada destaca: ninguno de los {tried:,} equipos, cámaras, recetas y demás desplaza "
    "{value} de las {wafers:,} obleas.",
    "commonality_mirrored": "; o bien {names} desplaza las demás obleas de esos lotes en sentido contrario",
    "commonality_after": " desde el {at}",
    "commonality_until": " hasta el {at}",
    "commonality_failed": "; falló {what} el {at}",
    "commonality_together": "; casi las mismas obleas pasaron por {names}, que no se puede distinguir",
    "commonality_tool": "{value}",
    "commonality_chamber": "{tool}, cámara {chamber}",
    "commonality_step": "el paso {value}",
    "commonality_recipe": "la receta {value}",
    "commonality_product": "el producto {value}",
    "commonality_route": "la ruta {value}",
    "commonality_none": "Nada destaca: de {tried:,} equipos, cámaras, recetas y demás, ninguno va con las {bad:,} obleas "
    "malas más de lo que daría el azar.",
    "doubt_TooFewLots": "Las obleas malas son de {lots:,} lotes y hacen falta {needed:,}: no es concluyente.",
    "doubt_OtherNames": "{names:,} nombres no son de ninguna oblea conocida y se dejaron fuera: {first}.",
    "yield_none": "No hay resultados de prueba registrados.",
    "bins": "{bins:,} hard bins; los mayores son {most}.",
    "tests": "{tests:,} pruebas; la que más falla: {name} ({failed:,}).",
    "doubt_TestedAgain": "{places:,} posiciones de {wafers:,} obleas se probaron más de una vez sin marcarse como "
    "repetición: cada resultado cuenta como una pieza; --retests position cuenta solo el último.",
    "doubt_OddFiles": "{files:,} pruebas de oblea tienen algo raro; la primera, {first}.",
    "doubt_NoHistory": "{wafers:,} obleas con resultados no aparecen en ningún movimiento: no se sabe por dónde pasaron.",
    "doubt_ByLot": "De {wafers:,} obleas los movimientos solo nombran el lote: lo que este recorrió cuenta para cada una.",
    "stats": "{n:,} lecturas en {groups:,} grupos; {outside:,} fuera de sus límites.",
    "readings": "{tool}: {n:,} lecturas; {failed:,} de sus controles fallaron.",
    "runs": "{runs:,} pasadas en {tools:,} equipos, {rows:,} muestras, {alarms:,} alarmas.",
    "step_summary": "{rows:,} estadísticas de {sensors:,} sensores en {runs:,} pasadas.",
    "faults": "{faulty:,} de {runs:,} pasadas se apartan de las {reference:,} de referencia, a fecha {at}.",
    "trace": "{run}: {steps:,} sensores y pasos junto a {golden}.",
    "trace_alone": "{run}: {steps:,} sensores y pasos, sin comparar con otras pasadas.",
    "sensor_mean": "{sensor}{step} estuvo {change} {way} ({value:.4g} en vez de {usual:.4g}{unit}){since}; "
    "{near:,} de {of:,} pasadas buenas se acercan.",
    "sensor_std_constant": "{sensor}{step} {way}{since}; {near:,} de {of:,} pasadas buenas se acercan.",
    "way_varied": "varió, aunque suele ser constante",
    "way_constant": "fue constante, aunque suele variar",
    "sensor_std": "{sensor}{step} fue {times:,.1f} veces tan {way} como de costumbre{since}; "
    "{near:,} de {of:,} pasadas buenas se acercan.",
    "rule_neighbours": "distancia a las pasadas buenas anteriores {value:.3g} (límite {usual:.3g}), sobre todo "
    "{sensor}{step} (regla {rule})",
    "rule_setpoint": "{sensor}{step} estuvo fuera de su consigna {value:.3g} s, más de {usual:.3g} s (regla {rule})",
    "rule_golden": "{sensor}{step} salió de la banda de las pasadas buenas desde el segundo {at:.1f} ({value:.4g}, límite "
    "{usual:.4g}; regla {rule})",
    "rule_above": "{sensor}{step}: {figure} {value:.4g} supera {usual:.4g} (regla {rule})",
    "rule_below": "{sensor}{step}: {figure} {value:.4g} queda por debajo de {usual:.4g} (regla {rule})",
    "backtest": "{rule}: {alarms:,} alarmas en {runs:,} pasadas ({alarms_per_1000:.1f} por 1.000 obleas). Falsas alarmas: "
    "{false:,} de {good:,} pasadas buenas, {rate:.1f} por 1.000 (90 %: de {low:.1f} a {high:.1f}).",
    "backtest_unknown": "{rule}: {alarms:,} alarmas en {runs:,} pasadas, {rate:.1f} por 1.000 obleas (90 %: de {low:.1f} a "
    "{high:.1f}); nada dice qué pasadas eran buenas, así que todas pueden ser falsas.",
    "backtest_caught_log": " Encontró {caught:,} de {bad:,} pasadas defectuosas.",
    "backtest_caught_quals": " Dio alarma antes de {caught:,} de {bad:,} controles fallidos.",
    "backtest_nothing": "{rule}: no se pudo juzgar ninguna pasada; {left:,} tienen demasiado pocas buenas de su tipo antes.",
    "rules": "{rules:,} reglas; {on:,} activas.",
    "chamber": "{place}: {sensor}{step} {mean:.4g}{unit}, a {z:+.1f} desviaciones típicas robustas de la mediana de todas "
    "({runs:,} pasadas buenas).",
    "chambers_alone": "{sensor}: {chambers:,} cámara con pasadas buenas; no hay otra con que compararla.",
    "sensor_stats": "{sensors:,} sensores en {groups:,} grupos, a fecha {at}.",
    "rates": "{groups:,} equipos, cabezales o productos con velocidad conocida; {doubted:,} de ellos en duda.",
    "rates_unplaced": " {rows:,} filas de metrología no nombran equipo ni corresponden a ninguna pasada anterior: no "
    "se usan.",
    "replay": "{name} habría dado una sigma del espesor de {sigma:.4g}{unit}; fue de {was:.4g} ({n:,} obleas).",
    "replay_rate": "{name} predice la velocidad con una sigma de {sigma:.4g}{unit} ({n:,} pasadas); no se conoce ningún "
    "espesor.",
    "replay_nothing": "Todavía no hay nada que simular.",
    "predicted": "{n:,} pasadas: error cuadrático medio {error:.4g}; con el último valor del grupo sería {naive:.4g}. Se "
    "cumplió el {held:.1%} de los intervalos.",
    "rate_model": "Un archivo ONNX de {size:,} bytes que conoce {groups} grupos y lee {features} características de un "
    "registro; comparado con {compared:,} filas, diferencia máxima {largest:.0e} de la tasa.",
    "predicted_nothing": "{runs:,} pasadas, ninguna medida desde entonces.",
    "in_step": " en el paso {step}",
    "in_chamber": " en la cámara {chamber}",
    "from_second": " desde el segundo {at:.1f}",
    "way_high": "alto",
    "way_low": "bajo",
    "way_unsteady": "inestable",
    "way_steady": "estable",
    "exposed_since": "afecta a {wafers:,} obleas desde entonces, sin ninguna pasada buena después",
    "exposed_until": "afecta a {wafers:,} obleas hasta la siguiente pasada buena",
    "cut_short": "le falta un paso o un sensor que tienen las demás",
    "overview": "{tools:,} equipos en {areas:,} áreas, de {loads:,} archivos; el último registro es de {last}.",
    "cause_chamber": "cámara {chamber}",
    "cause_failed": "falló el {at}, sin restauración desde entonces",
    "cause_restored": "falló el {at}, restaurado el {restored}, falta recualificar",
    "cause_limit": "{wafers:,} obleas en riesgo, alcanzado el límite de inhibición de {limit:,}",
    "cause_out_of_spec": "probablemente fuera de especificación ({chance:.0%})",
    "cause_out_of_spec_any": "{chance:.0%} de probabilidad de que alguno de sus {checks:,} controles esté fuera de "
    "especificación, lo más probable {where}",
    "cause_warning": "{wafers:,} obleas en riesgo, alcanzado el límite de aviso de {limit:,}",
    "cause_doubtful": "{chance:.0%} de probabilidad de estar fuera de especificación",
    "cause_doubtful_any": "{chance:.0%} de probabilidad de que alguno de sus {checks:,} controles esté fuera de "
    "especificación, lo más probable {where}",
    "cause_never": "no consta ningún control bueno",
    "cause_unknown": "aún no se conoce la probabilidad de estar fuera de especificación",
    "cause_good": "último control bueno el {at}, {wafers:,} obleas desde entonces",
    "forecast_failed": "{place} {qual_type}: control fallido abierto; repare y recualifique.",
    "lot_history": "{lot}: ahora en {where}, {at:%Y-%m-%d %H:%M}. Control fallido tras {failed:,} de {passes:,} pasos.",
    "features_none": "Aún no se ha movido ninguna oblea ni ningún lote.",
    "features_wafer": "{rows:,} obleas con {features:,} columnas de lo que se sabía antes de su primera prueba, "
    "del {first:%Y-%m-%d} al {last:%Y-%m-%d}.",
    "features_lot": "{rows:,} lotes con {features:,} columnas de lo que se sabía antes de su primera prueba, "
    "del {first:%Y-%m-%d} al {last:%Y-%m-%d}.",
    "features_reading": "{rows:,} lecturas de pulidos con {features:,} columnas de lo que se sabía al acabar el pulid"
    "o, del {first:%Y-%m-%d} al {last:%Y-%m-%d}.",
    "features_targets": " Por predecir, conocido después: {targets}.",
    "doubt_NoTargets": "Para entonces no se conoce ningún resultado de prueba: no hay columna por predecir.",
    "doubt_ColumnsLeftOut": "Omitidas: {columns:,} columnas que tienen muy pocas filas o que no caben, como {first}.",
    "doubt_LotsWithoutWafers": "Omitidos: {lots:,} lotes de obleas que ningún fichero nombra; por lote sí constan.",
    "doubt_TestedFirst": "Omitidas: {rows:,} filas probadas antes de que terminara algún movimiento suyo.",
    "doubt_UndatedLeftOut": "Omitidos: {records:,} mediciones, inspecciones y registros sin la hora en que se conocieron.",
    "lot_tested_only": "{lot}: no consta ningún movimiento.",
    "model_trained": "{model}@{version}: {metric} {value} (95 %: {low} a {high}) en {rows:,}"
    " filas apartadas ({split}); sin modelo {floor}.",
    "model_watched": "{model}@{version}: {verdict}; {drifted} de {columns} columnas traen valores "
    "distintos de los que aprendió ({rows:,} filas).",
    "model_drifted": "Sobre todo {names}.",
    "model_scored": "{metric} {value} (95 %: {low} a {high}) en {rows:,} filas; prometía {held_out}, sin modelo {floor}.",
    "verdict_fine": "va bien",
    "verdict_inputs_drift": "sus entradas han cambiado",
    "verdict_below_what_was_promised": "por debajo de lo prometido",
    "verdict_no_better_than_the_floor": "no mejor que no tener modelo",
    "verdict_too_few_rows": "muy pocas filas para decirlo",
    "alerts": "{open} casos abiertos, {unseen} de ellos no los ha visto nadie.",
    "alerts_off": "No se envía nada: en fab.toml [alerts] on es false.",
    "alert_trial": "En los últimos {days:g} días habría habido {cases} casos (mirando en {looks} momentos).",
    "alert_charts": "Gráficos de control han roto sus reglas: {charts}",
    "alert_faults": "{runs} pasadas del último día se apartan de las de referencia, como {run}.",
    "alert_inbox": "{path} no se ha cargado: espera en la bandeja una palabra en fab.toml.",
    "alert_failed": "{path} no se ha cargado.",
    "alert_connection": "{what} {name} ha fallado {failures} veces, la última a las {at}: {error}",
    "alert_quiet": "La fuente en vivo {source} no ha enviado nada desde {at}, hace más de {minutes:g} minutos.",
    "alert_silent": "No consta nada nuevo desde {at}, hace más de {hours:g} horas.",
    "alert_disk_share": "Solo queda libre el {share:.1%} del disco de {disk} ({free:,.1f} GB, {files:,} ficheros más). "
    "fabwatch compact devuelve lo que ningún estado guardado necesita.",
    "alert_disk_days": "Al ritmo de la última semana, el disco de {disk} se llena en {days:.1f} días "
    "(quedan {free:,.1f} GB).",
    "alert_model": "{model} no es mejor que no tener modelo en filas nuevas: {metric} {value:.3g}, suelo {floor:.3g}.",
    "alert_test": "Esto es una prueba del canal {channel}; no ha pasado nada.",
    "alert_again": "Sigue así:",
    "alert_since": "Desde {at}.",
    "alert_seen": 'Caso {case}. Quien lo haya visto lo dice: fabwatch alerts ack {case} --reason "…"',
    "alert_rule_failed": "control fallido",
    "alert_rule_limit": "límite de inhibición alcanzado",
    "alert_rule_out_of_spec": "probablemente fuera de especificación",
    "alert_rule_window": "desde ahora puede fallar su próximo control",
    "alert_rule_charts": "un gráfico de control ha roto sus reglas",
    "alert_rule_faults": "pasadas que se apartan",
    "alert_rule_connection": "una conexión falla",
    "alert_rule_not_loaded": "un fichero no se cargó",
    "alert_rule_quiet": "una fuente en vivo calla",
    "alert_rule_silent": "no consta nada nuevo",
    "alert_rule_disk": "el disco está casi lleno",
    "alert_rule_model": "no mejor que no tener modelo",
    "alert_rule_test": "prueba",
    "pictures_trained": "{model}@{version}: {metric} {value} (95 %: {low} a {high}) en {rows:,}"
    " imágenes apartadas ({split}); sin modelo {floor}.",
    "pictures_predicted": "{model}@{version} clasifica {rows:,} imágenes; {odd:,} de ellas no se parecen a ninguna de las "
    "que aprendió.",
    "picture_named": "{name} {chance:.0%}",
    "picture_like": ", muy parecida a {other} ({label})",
    "picture_far": "; no se parece a ninguna de las que aprendió",
    "live": "{sources} fuentes en vivo, {wrong} de ellas con problemas; llegaron {messages:,} mensajes, {queued:,} esperan "
    "a ser cargados, {set_aside:,} filas o mensajes se apartaron.",
    "connections": "{count} conexiones, y no consta que ninguna falle.",
    "connections_failing": "{count} conexiones; estas fallan: {failing}.",
    "published": "{tables} tablas con {rows:,} filas están en {to}, versión {version}.",
    "pulled": "{read:,} filas leídas, {stored:,} guardadas, {there:,} ya estaban, {set_aside:,} apartadas; {failed} "
    "consultas fallaron.",
    "models_listed": "{versions} versiones de modelos, {used} en uso.",
    "model_predicted": "{model}@{version} predice {rows:,} filas; {odd:,} de ellas traen algo "
    "que nunca vio, o les falta algo.",
    "model_adds": "{column} {value}: {adds}",
    "model_adds_points": "{column} {value}: {adds} puntos",
    "model_would": "Sería {prediction} con {column} {to}.",
    "model_row": "De {start} a {end}: {moved}.",
    "lot_yield": " {good:,} de {parts:,} piezas son buenas: {share:.1%}.",
    "split": "{group} frente a {control}: {difference:+.1%} de rendimiento (95 %: {low:+.1%} a {high:+.1%}, p = {p:.2g}). ",
    "split_unjudged": "{group} frente a {control}: {difference:+.1%} de rendimiento; faltan lotes u obleas para juzgarlo. ",
    "split_others": "{sure:,} de {figures:,} valores más difieren (tasa de falsos hallazgos 5 %).",
    "doubt_LotsApart": "El grupo {group} no comparte con el control lotes con bastantes obleas: quizá difieran los lotes.",
    "fab_maps_none": "Aún no hay obleas con resultados por posición: cargue ficheros STDF o mapas de oblea.",
    "fab_maps": "{shown:,} de {wafers:,} mapas.",
    "fab_maps_patterns": " {showing:,} muestran un patrón, sobre todo {most} ({count:,}).",
    "doubt_TooWide": "{maps:,} mapas tienen posiciones demasiado alejadas entre sí para dibujarlos o clasificarlos: "
    "puede que alguna esté mal en el fichero.",
    "maps_classified": "{maps:,} mapas: {shown:,} con patrón, sobre todo {most} ({count:,}); {unknown:,} sin uno conocido.",
    "maps_without_pattern": "{maps:,} mapas: ninguno muestra un patrón; {unknown:,} sin patrón conocido.",
    "maps_scored": "{n:,} mapas: macro-F1 {macro_f1:.3f}, aciertos {accuracy:.1%}, error de calibración {ece:.3f}.",
    "doubt_NotchNotStated": "el archivo no dice dónde está la muesca; se toma abajo",
    "doubt_AxesNotStated": "el archivo no dice hacia dónde crecen sus coordenadas; se toma x a la derecha, y hacia arriba",
    "doubt_MapTurned": "en el archivo la muesca estaba en «{notch}»; el mapa se giró para dejarla abajo",
    "doubt_MapMirrored": "el archivo cuenta {axes} al revés; el mapa se reflejó: x a la derecha, y hacia arriba",
    "doubt_MapCut": "el archivo acaba antes de tiempo: quedan {rows:,} filas o dados enteros de {of:,} (0: no lo dice)",
    "doubt_UnevenRows": "{rows:,} filas son más largas o más cortas que el ancho del mapa",
    "doubt_DieTwice": "{dies:,} dados aparecen más de una vez; cuenta lo último que se dice",
    "doubt_UnreadDies": "{dies:,} celdas no se pudieron leer como dados y se dejaron fuera",
    "doubt_PassByBin": "el archivo no dice qué bins pasan; se toma el bin {bin} como bueno",
    "doubt_NullByCorners": "el archivo no dice qué código no es un dado; se toma {corner}, que está en las cuatro esquinas",
    "doubt_TooFewFailures": "solo {failures:,} fallos entre todos los equipos gemelos; se necesitan al menos {needed:,}",
    "doubt_NoQual": "no consta ningún control de este equipo; el pronóstico se apoya en sus equipos gemelos",
    "doubt_OnlyFailed": "nunca pasó un control, así que no se sabe cuándo estuvo bien por última vez",
    "doubt_NoRestore": "no consta ninguna restauración; la edad se cuenta desde el primer movimiento",
    "doubt_NoPace": "no ha procesado nada últimamente, así que la ventana se da solo en obleas",
    "doubt_FailedNow": "control fallido abierto, sin restauración desde entonces",
    "doubt_Contradictory": "un control pasó y falló a la misma hora ({times:,} veces); cuenta el fallo",
    "doubt_Extrapolated": "la ventana termina más allá de {beyond:g} veces la edad más larga registrada",
    "doubt_Overdue": "el último control es de hace {since:.1f} días y se controla cada {usual:.1f} días; quizá falten datos",
    "doubt_PlannedLate": "había un mantenimiento previsto hace {days:.1f} días y no consta ninguna restauración",
    "doubt_PlannedEarly": "hay un mantenimiento previsto para el {planned}, pero el equipo se restauró poco antes: quizá se "
    "adelantó",
    "forecast_planned": " El mantenimiento previsto para el {at} llega antes de que acabe la ventana: {bad:.1%} de que para "
    "entonces esté fuera de especificación.",
    "doubt_LimitMoved": "el límite de la lectura pasó de {before:g} a {now:g}; los fallos anteriores significaban otra cosa",
    "doubt_MixedUnits": "sus lecturas están en varias unidades ({units}); se omiten las que no son de la más frecuente",
    "doubt_FutureDate": "la fecha de la consulta es futura, y no se sabe qué pasará hasta entonces",
    "doubt_FewResults": "solo hay {results:,} resultados de este grupo; se necesitan al menos {needed:,}",
    "doubt_ConsumableChanged": "solo {results:,} resultados desde el cambio del consumible ({changed_at:%Y-%m-%d %H:%M})",
    "doubt_ConsumableReset": "{counters} se pusieron a cero desde la pasada anterior",
    "doubt_CounterFell": "{counter} bajó de {before:g} a {after:g} antes de {at}, y no consta ningún cambio de "
    "consumible; cárguelo",
    "doubt_RateJumped": "los dos últimos resultados se salen del ruido hacia el mismo lado; el nivel los sigue",
    "doubt_OneAstray": "el último resultado se sale del ruido; confírmelo con la próxima oblea",
    "doubt_OldResults": "el último resultado es de hace {days:.0f} días",
    "doubt_TwoResults": "{wafers} de las últimas 10 obleas tienen dos resultados que no coinciden; se usa su media",
    "doubt_NoRate": "{rows:,} filas no tienen velocidad, o la película no adelgazó",
    "doubt_UnitUnstated": "los archivos no indican la unidad; escriba constants = {{ unit = 'angstrom' }} en fab.toml",
    "doubt_ShortPolish": "un retoque corto quita menos en sus primeros segundos; vuelva a medir la oblea después",
    "doubt_NoSpread": "no se conoce la dispersión de la velocidad, así que no hay intervalo",
    "doubt_StepLimited": "necesita {needed:.4g} s, a más de {step:g} s de los últimos {last:.4g} s",
    "doubt_Bounded": "necesita {needed:.4g} s, pero se permiten de {least:g} a {most:g} s",
    "doubt_NewGroup": "solo hay {results:,} resultados de este equipo, etapa y cámaras; se necesitan al menos {needed:,}",
    "doubt_LogUnlike": "{figure} se aparta {deviations:.0f} desviaciones típicas de las pasadas anteriores",
    "doubt_TooFewRuns": "{kind}: solo hay {runs:,} pasadas comparables; se necesitan al menos {needed:,}",
    "doubt_LongGap": "ninguna pasada de este grupo en {hours:.0f} horas",
    "reason_sites": "media de {sites:,} puntos",
    "reason_removal": "{removal:,.6g} {unit} a {rate:,.6g} {rate_unit} ({source})",
    "reason_offset": "{offset:+g} s de desplazamiento",
    "reason_deadband": "{needed:.4g} s está dentro de la banda muerta de {deadband:g} s en torno a los últimos {last:.4g} s",
    "reason_rework": "retrabajo de una oblea que salió gruesa",
    "reason_stated_rate": "la velocidad indicada",
    "reason_source": "{controller} con {results:,} resultados",
    "reason_source_since": "{controller} con {results:,} resultados, {share:+.1%} desde el cambio de hace {age:,} obleas",
    "reason_rate": "{rate:.5g} {unit}",
    "reason_age": "{age} obleas desde el último cambio de consumible",
    "reason_age_first": "{age} obleas desde la primera registrada",
    "reason_rate_up": "la velocidad subió un {share:.1%} desde entonces",
    "reason_rate_down": "la velocidad bajó un {share:.1%} desde entonces",
    "reason_few": "{controller}: demasiado pocos resultados para elegir",
    "reason_chosen": "{controller}: el menor error con estos datos ({error:.2%} de la velocidad)",
    "reason_configured": "{controller}: indicado en fab.toml ({error:.2%} de la velocidad)",
    "controller_fixed": "fijo",
    "controller_last": "último valor",
    "controller_ewma": "EWMA",
    "controller_dewma": "EWMA doble (sigue la deriva)",
    "controller_age": "edad",
    "controller_by": "{name} según {clock}",
}
