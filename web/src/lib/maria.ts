/** Named maria and basins of the Moon (IAU gazetteer): latitude and east longitude of the middle,
 * degrees, and the diameter, km. The round ones; Oceanus Procellarum has no such shape. */
export const MARIA: readonly (readonly [string, number, number, number])[] = [
  ["Mare Imbrium", 34.7, -14.9, 1146],
  ["Mare Serenitatis", 27.3, 18.4, 674],
  ["Mare Tranquillitatis", 8.3, 30.8, 876],
  ["Mare Crisium", 16.2, 59.1, 556],
  ["Mare Fecunditatis", -7.8, 53.7, 840],
  ["Mare Nectaris", -15.2, 34.6, 340],
  ["Mare Humorum", -24.5, -38.6, 420],
  ["Mare Nubium", -20.6, -17.3, 715],
  ["Mare Orientale", -19.9, -94.7, 294],
  ["Mare Moscoviense", 27.3, 148.1, 276],
  ["Mare Ingenii", -33.3, 163.5, 282],
];
